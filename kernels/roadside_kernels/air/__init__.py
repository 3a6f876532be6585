"""Air quality along roads: SRM1 (street canyons) and SRM2 (open roads)."""
