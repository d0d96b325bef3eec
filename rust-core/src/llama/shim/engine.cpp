// Loading and decoding: llama.cpp's functions, with exceptions caught.

#include "shim.h"

#include <cstring>
#include <stdexcept>

#include "common.h"
#include "llama-ext.h"
#include "log.h"

void shim_quiet_common_log(void) {
    common_log_set_verbosity_thold(-1);
}

int32_t shim_performance_cores(void) {
    return common_cpu_get_num_math();
}

// With more threads than cores, GNU's OpenMP puts waiting threads to sleep at once, and it counts idle threads too: an
// idle model would cost a working one a third of its speed. Weak, for builds without OpenMP.
extern "C" int omp_pause_resource_all(int kind) __attribute__((weak));

void shim_rest(void) {
    constexpr int soft = 1;
    if (omp_pause_resource_all != nullptr) {
        omp_pause_resource_all(soft);
    }
}

llama_model * shim_model_load(const char * path, const llama_model_params * params, shim_error * error) {
    return shim_guard<llama_model *>(error, nullptr, [&] { return llama_model_load_from_file(path, *params); });
}

int32_t shim_model_device_count(const llama_model * model) {
    return llama_model_n_devices(model);
}

ggml_backend_dev_t shim_model_device(const llama_model * model, int32_t index) {
    return llama_model_get_device(model, index);
}

llama_context * shim_context_new(llama_model * model, const llama_context_params * params, shim_error * error) {
    return shim_guard<llama_context *>(error, nullptr, [&] { return llama_init_from_model(model, *params); });
}

int32_t shim_decode(llama_context * context, const llama_batch * batch, shim_error * error) {
    return shim_guard(error, shim_threw, [&] { return llama_decode(context, *batch); });
}
