// The memory that a model would take: llama.cpp lays out every buffer as in a real load, and allocates none.

#include "shim.h"

#include <cstring>
#include <stdexcept>

#include "llama-cpp.h"
#include "llama-ext.h"

static llama_model_kv_override override_of(const std::string & key) {
    llama_model_kv_override result = {};
    if (key.size() >= sizeof(result.key)) {
        throw std::runtime_error("the name of the architecture is too long");
    }
    std::memcpy(result.key, key.c_str(), key.size());
    return result;
}

bool shim_simulate(const char * path, const llama_model_params * model_params,
                   const llama_context_params * context_params, const char * vocabulary_key,
                   int64_t vocabulary, shim_memory * result, shim_error * error) {
    return shim_guard(error, false, [&] {
        // The vocabulary takes longest to load, and only its size matters here.
        llama_model_kv_override overrides[3] = { override_of("tokenizer.ggml.model"), override_of(vocabulary_key), {} };
        overrides[0].tag = LLAMA_KV_OVERRIDE_TYPE_STR;
        std::strcpy(overrides[0].val_str, "none");
        overrides[1].tag = LLAMA_KV_OVERRIDE_TYPE_INT;
        overrides[1].val_i64 = vocabulary;

        llama_model_params params = *model_params;
        params.no_alloc = true;
        params.load_mode = LLAMA_LOAD_MODE_NONE;
        params.kv_overrides = overrides;
        const llama_model_ptr model(llama_model_load_from_file(path, params));
        if (!model) {
            return false;
        }
        const llama_context_ptr context(llama_init_from_model(model.get(), *context_params));
        if (!context) {
            return false;
        }
        for (const auto & [buffer, bytes] : llama_get_memory_breakdown(context.get())) {
            result->weights += bytes.model;
            result->kv += bytes.context;
            result->compute += bytes.compute;
        }
        result->is_bidirectional = llama_get_memory(context.get()) == nullptr || !llama_get_causal_attn(context.get());
        return true;
    });
}
