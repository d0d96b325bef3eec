// Loading, decoding and sampling: llama.cpp's functions behind a net that catches, and its `common_sampler`.

#include "shim.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "common.h"
#include "log.h"
#include "sampling.h"

struct shim_sampler {
    common_sampler_ptr sampler;
    int32_t n_vocab;
};

void shim_quiet_common_log(void) {
    common_log_set_verbosity_thold(-1);
}

int32_t shim_performance_cores(void) {
    return common_cpu_get_num_math();
}

// GNU's OpenMP counts idle threads too, and lets all that wait sleep at once when there are more threads than cores: a
// model that does nothing would cost one that works a third of its speed. Weak, for builds without OpenMP.
extern "C" int omp_pause_resource_all(int kind) __attribute__((weak));

void shim_rest(void) {
    constexpr int soft = 1;
    if (omp_pause_resource_all != nullptr) {
        omp_pause_resource_all(soft);
    }
}

llama_model * shim_model_load(const char * path, const llama_model_params * params, char ** error) {
    return shim_guard<llama_model *>(error, nullptr, [&] { return llama_model_load_from_file(path, *params); });
}

llama_context * shim_context_new(llama_model * model, const llama_context_params * params, char ** error) {
    return shim_guard<llama_context *>(error, nullptr, [&] { return llama_init_from_model(model, *params); });
}

int32_t shim_decode(llama_context * context, const llama_batch * batch, char ** error) {
    return shim_guard(error, shim_threw, [&] { return llama_decode(context, *batch); });
}

static common_params_sampling params_of(const shim_sampling & options) {
    common_params_sampling params;
    params.no_perf = true;
    params.seed = options.seed;
    params.temp = options.temperature;
    params.top_k = options.top_k;
    params.top_p = options.top_p;
    params.min_p = options.min_p;
    params.penalty_last_n = options.penalty_window;
    params.penalty_repeat = options.repeat_penalty;
    params.penalty_freq = options.frequency_penalty;
    params.penalty_present = options.presence_penalty;
    if (options.temperature <= 0.0f) {
        // Greedy: one candidate is left, whatever the other options say, and nothing else has to be sorted.
        params.top_k = 1;
        params.samplers = { COMMON_SAMPLER_TYPE_PENALTIES, COMMON_SAMPLER_TYPE_TOP_K };
    } else {
        params.samplers = { COMMON_SAMPLER_TYPE_PENALTIES, COMMON_SAMPLER_TYPE_TOP_K, COMMON_SAMPLER_TYPE_TOP_P,
                            COMMON_SAMPLER_TYPE_MIN_P, COMMON_SAMPLER_TYPE_TEMPERATURE };
    }
    return params;
}

shim_sampler * shim_sampler_new(const llama_model * model, const shim_sampling * options, char ** error) {
    return shim_guard<shim_sampler *>(error, nullptr, [&] {
        common_params_sampling params = params_of(*options);
        common_sampler_ptr sampler(common_sampler_init(model, params));
        const int32_t n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
        return new shim_sampler { std::move(sampler), n_vocab };
    });
}

void shim_sampler_free(shim_sampler * sampler) {
    delete sampler;
}

// Sorting and choosing by a logit that is not a number is undefined, and broken weights produce such.
static bool has_nan(const float * logits, int32_t count) {
    int32_t found = 0;
    for (int32_t i = 0; i < count; i++) {
        uint32_t bits;
        std::memcpy(&bits, &logits[i], sizeof(bits));
        found |= (bits & 0x7fffffffu) > 0x7f800000u;
    }
    return found != 0;
}

llama_token shim_sample(shim_sampler * sampler, llama_context * context, int32_t row, char ** error) {
    return shim_guard<llama_token>(error, -1, [&] {
        const float * logits = llama_get_logits_ith(context, row);
        if (logits == nullptr) {
            throw std::runtime_error("the row has no logits");
        }
        if (has_nan(logits, sampler->n_vocab)) {
            throw std::runtime_error("the model computed logits that are not numbers - its weights are damaged");
        }
        const llama_token token = common_sampler_sample(sampler->sampler.get(), context, row);
        common_sampler_accept(sampler->sampler.get(), token, true);
        return token;
    });
}
