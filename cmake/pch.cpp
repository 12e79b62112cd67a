// Only here so that CMake builds pch.h once; every library reuses it.
