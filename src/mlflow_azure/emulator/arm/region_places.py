"""The locations of Azure's regions, and their pairs.

From `az account list-locations`: recorded in 2023 (azure-cli, command module appservice); Austria East, Italy
North, Mexico Central, New Zealand North and Spain Central, which are newer, from
https://learn.microsoft.com/azure/reliability/regions-list.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """The location of a region; `pair` is empty if it has none."""

    group: str
    latitude: str
    longitude: str
    location: str
    pair: str = ""


PLACES = {
    "australiacentral": Place("Asia Pacific", "-35.3075", "149.1244", "Canberra", "australiacentral"),
    "australiaeast": Place("Asia Pacific", "-33.86", "151.2094", "New South Wales", "australiasoutheast"),
    "australiasoutheast": Place("Asia Pacific", "-37.8136", "144.9631", "Victoria", "australiaeast"),
    "austriaeast": Place("Europe", "48.2201498", "16.3797667", "Vienna"),
    "brazilsouth": Place("South America", "-23.55", "-46.633", "Sao Paulo State", "southcentralus"),
    "brazilsoutheast": Place("South America", "-22.90278", "-43.2075", "Rio", "brazilsouth"),
    "canadacentral": Place("Canada", "43.653", "-79.383", "Toronto", "canadaeast"),
    "canadaeast": Place("Canada", "46.817", "-71.217", "Quebec", "canadacentral"),
    "centralindia": Place("Asia Pacific", "18.5822", "73.9197", "Pune", "southindia"),
    "centralus": Place("US", "41.5908", "-93.6208", "Iowa", "eastus2"),
    "eastasia": Place("Asia Pacific", "22.267", "114.188", "Hong Kong", "southeastasia"),
    "eastus": Place("US", "37.3719", "-79.8164", "Virginia", "westus"),
    "eastus2": Place("US", "36.6681", "-78.3889", "Virginia", "centralus"),
    "francecentral": Place("Europe", "46.3772", "2.3730", "Paris", "francesouth"),
    "germanywestcentral": Place("Europe", "50.110924", "8.682127", "Frankfurt", "germanynorth"),
    "israelcentral": Place("Middle East", "31.2655698", "33.4506633", "Israel", "swedencentral"),
    "italynorth": Place("Europe", "45.46888", "9.18109", "Milan"),
    "japaneast": Place("Asia Pacific", "35.68", "139.77", "Tokyo, Saitama", "japanwest"),
    "japanwest": Place("Asia Pacific", "34.6939", "135.5022", "Osaka", "japaneast"),
    "koreacentral": Place("Asia Pacific", "37.5665", "126.9780", "Seoul", "koreasouth"),
    "koreasouth": Place("Asia Pacific", "35.1796", "129.0756", "Busan", "koreacentral"),
    "mexicocentral": Place("Mexico", "20.588818", "-100.389888", "Querétaro State"),
    "newzealandnorth": Place("Asia Pacific", "-36.84853", "174.76349", "Auckland"),
    "northcentralus": Place("US", "41.8819", "-87.6278", "Illinois", "southcentralus"),
    "northeurope": Place("Europe", "53.3478", "-6.2597", "Ireland", "westeurope"),
    "norwayeast": Place("Europe", "59.913868", "10.752245", "Norway", "norwaywest"),
    "polandcentral": Place("Europe", "52.23334", "21.01666", "Warsaw"),
    "qatarcentral": Place("Middle East", "25.551462", "51.439327", "Doha"),
    "southafricanorth": Place("Africa", "-25.731340", "28.218370", "Johannesburg", "southafricawest"),
    "southcentralus": Place("US", "29.4167", "-98.5", "Texas", "northcentralus"),
    "southeastasia": Place("Asia Pacific", "1.283", "103.833", "Singapore", "eastasia"),
    "southindia": Place("Asia Pacific", "12.9822", "80.1636", "Chennai", "centralindia"),
    "spaincentral": Place("Europe", "40.4259", "3.4209", "Madrid"),
    "swedencentral": Place("Europe", "60.67488", "17.14127", "Gävle", "swedensouth"),
    "switzerlandnorth": Place("Europe", "47.451542", "8.564572", "Zurich", "switzerlandwest"),
    "uaenorth": Place("Middle East", "25.266666", "55.316666", "Dubai", "uaecentral"),
    "uksouth": Place("Europe", "50.941", "-0.799", "London", "ukwest"),
    "ukwest": Place("Europe", "53.427", "-3.084", "Cardiff", "uksouth"),
    "westcentralus": Place("US", "40.890", "-110.234", "Wyoming", "westus2"),
    "westeurope": Place("Europe", "52.3667", "4.9", "Netherlands", "northeurope"),
    "westindia": Place("Asia Pacific", "19.088", "72.868", "Mumbai", "southindia"),
    "westus": Place("US", "37.783", "-122.417", "California", "eastus"),
    "westus2": Place("US", "47.233", "-119.852", "Washington", "westcentralus"),
    "westus3": Place("US", "33.448376", "-112.074036", "Phoenix", "eastus"),
}
# Regions that Azure does not recommend: those without availability zones.
OTHERS = frozenset(
    {
        *("australiacentral", "australiasoutheast", "brazilsoutheast", "canadaeast"),
        *("japanwest", "koreasouth", "northcentralus", "southindia"),
        *("ukwest", "westcentralus", "westindia", "westus"),
    }
)
# Recorded in 2025, version 2022-12-01; Austria East as above. Every region that is not named here has three zones.
WITHOUT_ZONES = frozenset(
    (
        *("australiacentral", "australiasoutheast", "brazilsoutheast", "canadaeast", "japanwest", "koreasouth"),
        *("northcentralus", "southindia", "ukwest", "westcentralus", "westindia", "westus"),
    )
)
_OF_GEOGRAPHIES = {
    "Asia Pacific": "eastasia southeastasia",
    "Australia": "australiacentral australiaeast australiasoutheast",
    "Austria": "austriaeast",
    "Brazil": "brazilsouth brazilsoutheast",
    "Canada": "canadacentral canadaeast",
    "Europe": "northeurope westeurope",
    "France": "francecentral",
    "Germany": "germanywestcentral",
    "India": "centralindia southindia westindia",
    "Israel": "israelcentral",
    "Italy": "italynorth",
    "Japan": "japaneast japanwest",
    "Korea": "koreacentral koreasouth",
    "Mexico": "mexicocentral",
    "New Zealand": "newzealandnorth",
    "Norway": "norwayeast",
    "Poland": "polandcentral",
    "Qatar": "qatarcentral",
    "South Africa": "southafricanorth",
    "Spain": "spaincentral",
    "Sweden": "swedencentral",
    "Switzerland": "switzerlandnorth",
    "UAE": "uaenorth",
    "United Kingdom": "uksouth ukwest",
    "United States": "centralus eastus eastus2 northcentralus southcentralus westcentralus westus westus2 westus3",
}
GEOGRAPHIES = {name: geography for geography, names in _OF_GEOGRAPHIES.items() for name in names.split()}
