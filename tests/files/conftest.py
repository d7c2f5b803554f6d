"""How long the fuzz tests go on: HYPOTHESIS_PROFILE=soak for a day's worth."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "quick", max_examples=120, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("soak", settings.get_profile("quick"), max_examples=30_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
