/* A libnvidia-ml.so.1 with two GPUs: what the sampler sees of NVIDIA's library, at its border. Signatures as in nvml.h 12. */
#include <string.h>

typedef struct { unsigned int gpu, memory; } utilization_t;
typedef struct { unsigned long long total, free, used; } memory_t;
static const int first = 0, second = 1;
static unsigned long long meter_mj = 1000000;

const char *nvmlErrorString(int code) { return code == 3 ? "Not Supported" : "Unknown Error"; }
int nvmlInitWithFlags(unsigned int flags) { return 0; }
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, const int **device) { *device = index ? &second : &first; return 0; }
int nvmlDeviceGetName(const int *device, char *name, unsigned int length) {
    strncpy(name, *device ? "NVIDIA Old" : "NVIDIA H200", length);
    return 0;
}
int nvmlDeviceGetUtilizationRates(const int *device, utilization_t *use) { use->gpu = *device ? 20 : 75; use->memory = 5; return 0; }
int nvmlDeviceGetMemoryInfo(const int *device, memory_t *memory) {
    memory->total = *device ? 8000000000ull : 150000000000ull;
    memory->used = *device ? 1000000000ull : 50000000000ull;
    memory->free = memory->total - memory->used;
    return 0;
}
int nvmlDeviceGetPowerUsage(const int *device, unsigned int *milliwatts) { *milliwatts = *device ? 50000 : 600000; return 0; }
/* The second has no meter of energy, as cards before Volta, and does not tell its temperature. */
int nvmlDeviceGetTotalEnergyConsumption(const int *device, unsigned long long *millijoules) {
    if (*device) return 3;
    *millijoules = meter_mj;
    meter_mj += 3000000;
    return 0;
}
int nvmlDeviceGetTemperature(const int *device, int sensor, unsigned int *celsius) { if (*device) return 3; *celsius = 61; return 0; }
