"""The fields of a PostgreSQL flexible server in Azure's responses, and the available choices.

Seen in recordings of Azure of March and April 2026, api-version 2026-01-01-preview (github.com/Azure/azure-cli,
command_modules/postgresql/tests/latest/recordings: test_postgres_flexible_server_database_mgmt.yaml, and
test_postgresql_flexible_server_identity_microsoft_entra_admin_only_mgmt.yaml).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# The minor versions of spring 2026: PostgreSQL releases all that it maintains on the same day.
VERSIONS = {"11": "22", "12": "22", "13": "23", "14": "22", "15": "17", "16": "13", "17": "9", "18": "3"}
NEWEST = "18"
# Gigabytes of storage, with the performance tier and the operations a second that come with them.
STORAGE = {
    32: ("P4", 120),
    64: ("P6", 240),
    128: ("P10", 500),
    256: ("P15", 1100),
    512: ("P20", 2300),
    1024: ("P30", 5000),
    2048: ("P40", 7500),
    4095: ("P50", 7500),
    4096: ("P50", 7500),
    8192: ("P60", 16000),
    16384: ("P70", 18000),
    32767: ("P80", 20000),
}


@dataclass(frozen=True)
class Sku:
    """A size of server. `memory` is in MiB for each core."""

    tier: str
    cores: int
    iops: int
    memory: int
    max_connections: int


# Cores, operations a second: https://learn.microsoft.com/azure/postgresql/compute-storage/concepts-compute;
# connections: https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-limits.
_BURSTABLE = {
    "B1ms": Sku("Burstable", 1, 640, 2048, 50),
    "B2s": Sku("Burstable", 2, 1280, 2048, 429),
    "B2ms": Sku("Burstable", 2, 1920, 4096, 859),
    "B4ms": Sku("Burstable", 4, 2880, 4096, 1718),
    "B8ms": Sku("Burstable", 8, 4320, 4096, 3437),
    "B12ms": Sku("Burstable", 12, 4320, 4096, 5000),
    "B16ms": Sku("Burstable", 16, 4320, 4096, 5000),
    "B20ms": Sku("Burstable", 20, 4320, 4096, 5000),
}
_IOPS = {2: 3200, 4: 6400, 8: 12800, 16: 25600, 32: 51200, 48: 76800, 64: 80000, 96: 80000}
_CONNECTIONS = {2: 859, 4: 1718, 8: 3437}
_SERIES = {"D{}s_v3": 64, "D{}ds_v4": 64, "D{}ads_v5": 96, "D{}ds_v5": 96}


def _general_purpose() -> dict[str, Sku]:
    return {
        series.format(cores): Sku("GeneralPurpose", cores, iops, 4096, _CONNECTIONS.get(cores, 5000))
        for series, largest in _SERIES.items()
        for cores, iops in _IOPS.items()
        if cores <= largest
    }


SKUS = {f"Standard_{name}": sku for name, sku in (_BURSTABLE | _general_purpose()).items()}


def new_properties(sku: str) -> dict[str, Any]:
    """Return the default properties of a new server, before its address is known."""
    # Read replicas need more than a burstable server:
    # https://learn.microsoft.com/azure/postgresql/read-replica/concepts-read-replicas
    replicas = 0 if SKUS[sku].tier == "Burstable" else 5
    return {
        "dataEncryption": {"type": "SystemManaged"},
        "replica": {"role": "Primary", "capacity": replicas},
        "storage": storage({}, 32),
        "network": {"publicNetworkAccess": "Enabled"},
        "privateEndpointConnections": [],
        "authConfig": {"activeDirectoryAuth": "Disabled", "passwordAuth": "Enabled"},
        "version": NEWEST,
        "availabilityZone": "1",
        "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
        "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
        "maintenanceWindow": {"customWindow": "Disabled", "dayOfWeek": 0, "startHour": 0, "startMinute": 0},
        "replicationRole": "Primary",
        "replicaCapacity": replicas,
    }


def storage(live: dict[str, Any], size: int) -> dict[str, Any]:
    """The `storage` of a server of this many gigabytes."""
    tier, iops = STORAGE[size]
    chosen = {"type": live.get("type", ""), "autoGrow": live.get("autoGrow", "Disabled")}
    return {"iops": iops, "tier": tier, "storageSizeGB": size, **chosen}


def capabilities(*, restricted: bool) -> dict[str, Any]:
    """Return what a region offers; nothing if the subscription may not have servers there."""
    features = ("ZoneRedundantHa", "GeoBackup", "ZoneRedundantHaAndGeoBackup", "StorageAutoGrowth", "OnlineResize")
    names = list(VERSIONS)
    return {
        "name": "FlexibleServerCapabilities",
        "supportedServerEditions": [] if restricted else [_edition(tier) for tier in ("Burstable", "GeneralPurpose")],
        "supportedServerVersions": []
        if restricted
        else [
            {"supportedFeatures": [], "name": name, "supportedVersionsToUpgrade": names[place + 1 :]}
            for place, name in enumerate(names)
        ],
        "supportedFastProvisioningEditions": [],
        "supportedFeatures": [
            {"name": "FastProvisioning", "status": "Disabled"},
            *({"name": name, "status": "Enabled"} for name in features),
            {"name": "OfferRestricted", "status": "Enabled" if restricted else "Disabled"},
            *({"name": name, "status": "Enabled"} for name in ("IndexTuning", "Clusters")),
            *({"name": name, "status": "Disabled"} for name in ("AdaptiveAutoVacuumAutoApply", "ConfigTuning")),
        ],
        "fastProvisioningSupported": "Disabled",
        "geoBackupSupported": "Enabled",
        "zoneRedundantHaSupported": "Enabled",
        "zoneRedundantHaAndGeoBackupSupported": "Enabled",
        "storageAutoGrowthSupported": "Enabled",
        "onlineResizeSupported": "Enabled",
        "indexTuningSupported": "Enabled",
    }


def _edition(tier: str) -> dict[str, Any]:
    sizes = [
        {
            "storageSizeMb": size * 1024,
            "supportedIops": iops,
            "defaultIopsTier": name,
            "supportedIopsTiers": [{"name": name, "iops": iops}],
        }
        for size, (name, iops) in STORAGE.items()
    ]
    return {
        "name": tier,
        "defaultSkuName": "Standard_B2s" if tier == "Burstable" else "Standard_D4ads_v5",
        "supportedServerSkus": [_size(name, sku) for name, sku in SKUS.items() if sku.tier == tier],
        "supportedStorageEditions": [
            {"name": "ManagedDisk", "defaultStorageSizeMb": 32768, "supportedStorageMb": sizes}
        ],
    }


def _size(name: str, sku: Sku) -> dict[str, Any]:
    return {
        "supportedFeatures": [],
        "name": name,
        "vCores": sku.cores,
        "supportedIops": sku.iops,
        "supportedMemoryPerVcoreMb": sku.memory,
        "supportedZones": ["1", "2", "3"],
        "supportedHaMode": ["SameZone", "ZoneRedundant"],
    }


def now() -> str:
    """Return the time with .NET's seven fractional digits."""
    return datetime.now(UTC).isoformat().replace("+00:00", "0Z")
