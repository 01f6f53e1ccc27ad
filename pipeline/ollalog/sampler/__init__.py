"""What a host, its GPUs and Ollama's own API tell of themselves, as rows of `resource_samples`.

sampler = Sampler(Probes.of_this_machine(store))
rows = sampler.sample(now_utc, now_s)
"""

from ollalog.sampler.ollama import ApiAddress
from ollalog.sampler.sample import Probes, Sampler

__all__ = ["ApiAddress", "Probes", "Sampler"]
