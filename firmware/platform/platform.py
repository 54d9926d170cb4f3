# SPDX-License-Identifier: Apache-2.0
"""PlatformIO development platform that takes its tools from PATH."""

from platformio.platform.base import PlatformBase


class Micronas_armPlatform(PlatformBase):  # noqa: N801 - PlatformIO derives this name from platform.json
    """Nothing to configure: a board's manifest and the project define everything."""

    def is_embedded(self):
        """Always; PlatformIO would otherwise look for an uploader package."""
        return True
