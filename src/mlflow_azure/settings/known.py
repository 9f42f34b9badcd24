"""Known values, for shell completion. Other values are not refused."""

from __future__ import annotations

# https://learn.microsoft.com/azure/reliability/regions-list
REGIONS = (
    *("australiacentral", "australiaeast", "australiasoutheast", "austriaeast", "belgiumcentral", "brazilsouth"),
    *("canadacentral", "canadaeast", "centralindia", "centralus", "chilecentral", "eastasia", "eastus", "eastus2"),
    *("francecentral", "germanywestcentral", "indonesiacentral", "israelcentral", "italynorth", "japaneast"),
    *("japanwest", "koreacentral", "koreasouth", "malaysiawest", "mexicocentral", "newzealandnorth"),
    *("northcentralus", "northeurope", "norwayeast", "polandcentral", "qatarcentral", "southafricanorth"),
    *("southcentralus", "southeastasia", "southindia", "spaincentral", "swedencentral", "switzerlandnorth"),
    *("uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope", "westindia", "westus", "westus2", "westus3"),
    # https://learn.microsoft.com/azure/azure-government/documentation-government-welcome and
    # https://learn.microsoft.com/azure/china/overview-datacenter
    *("usgovarizona", "usgovtexas", "usgovvirginia", "chinaeast2", "chinaeast3", "chinanorth2", "chinanorth3"),
)

# https://azure.microsoft.com/pricing/details/app-service/linux/
PLAN_SIZES = (
    *("F1", "B1", "B2", "B3", "S1", "S2", "S3", "P0v3", "P1v3", "P2v3", "P3v3", "P1mv3", "P2mv3", "P3mv3", "P4mv3"),
    *("P5mv3", "P0v4", "P1v4", "P2v4", "P3v4"),
)

# https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-compute
POSTGRES_SIZES = ("B1ms", "B2s", "B2ms", "B4ms", "D2ds_v5", "D4ds_v5", "D8ds_v5", "E2ds_v5", "E4ds_v5")
