/* What must be a shared library of a CUDA driver: the way to its functions, which are elsewhere. */

typedef void *(*find_t)(const char *name);
static find_t find;

void made_up(find_t functions) { find = functions; }

int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long long flags,
                        int *status)
{
    *function = find(name);
    if (status)
        *status = *function ? 0 : 1;
    return *function ? 0 : 500; /* CUDA_ERROR_NOT_FOUND */
}

int cuDriverGetVersion(int *version) { return ((int (*)(int *))find("cuDriverGetVersion"))(version); }

int cuInit(unsigned flags) { return ((int (*)(unsigned))find("cuInit"))(flags); }

int cuDeviceGetCount(int *count) { return ((int (*)(int *))find("cuDeviceGetCount"))(count); }
