// Chooses tokens: llama.cpp's `common_sampler` among those that the answer's constraint allows.

#include "constraint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "common.h"
#include "sampling.h"

struct shim_sampler {
    common_sampler_ptr sampler;
    shim_constraint constraint;
    int32_t n_vocab;
    // Kept to save its allocation.
    std::vector<llama_token_data> candidates;
};

static common_params_sampling params_of(const shim_sampling & options) {
    common_params_sampling params;
    params.no_perf = true;
    params.seed = options.seed;
    params.temp = options.temperature;
    params.top_k = options.top_k;
    params.top_p = options.top_p;
    params.min_p = options.min_p;
    params.typ_p = options.typical_p;
    params.top_n_sigma = options.top_n_sigma;
    params.xtc_probability = options.xtc_probability;
    params.xtc_threshold = options.xtc_threshold;
    params.dry_multiplier = options.dry_multiplier;
    params.dry_base = options.dry_base;
    params.dry_allowed_length = options.dry_allowed_length;
    params.dry_penalty_last_n = options.dry_penalty_window;
    if (options.dry_breakers != nullptr) {
        params.dry_sequence_breakers.clear();
        for (size_t i = 0; i < options.dry_breaker_count; i++) {
            params.dry_sequence_breakers.emplace_back(options.dry_breakers[i].data, options.dry_breakers[i].length);
        }
    }
    params.mirostat = options.mirostat;
    params.mirostat_tau = options.mirostat_tau;
    params.mirostat_eta = options.mirostat_eta;
    params.penalty_last_n = options.penalty_window;
    params.penalty_repeat = options.repeat_penalty;
    params.penalty_freq = options.frequency_penalty;
    params.penalty_present = options.presence_penalty;
    params.logit_bias.assign(options.logit_bias, options.logit_bias + options.logit_bias_count);

    // Only the samplers that a request asks for: one that changes nothing still visits every token.
    params.samplers = { COMMON_SAMPLER_TYPE_PENALTIES };
    if (options.dry_multiplier > 0.0f) {
        params.samplers.push_back(COMMON_SAMPLER_TYPE_DRY);
    }
    if (options.temperature <= 0.0f) {
        // Greedy: one candidate is left under any other options, so nothing needs sorting.
        params.top_k = 1;
        params.mirostat = 0;
        params.samplers.push_back(COMMON_SAMPLER_TYPE_TOP_K);
        return params;
    }
    if (options.top_n_sigma >= 0.0f) {
        params.samplers.push_back(COMMON_SAMPLER_TYPE_TOP_N_SIGMA);
    }
    params.samplers.push_back(COMMON_SAMPLER_TYPE_TOP_K);
    if (options.typical_p < 1.0f) {
        params.samplers.push_back(COMMON_SAMPLER_TYPE_TYPICAL_P);
    }
    params.samplers.insert(params.samplers.end(), { COMMON_SAMPLER_TYPE_TOP_P, COMMON_SAMPLER_TYPE_MIN_P });
    if (options.xtc_probability > 0.0f) {
        params.samplers.push_back(COMMON_SAMPLER_TYPE_XTC);
    }
    params.samplers.push_back(COMMON_SAMPLER_TYPE_TEMPERATURE);
    return params;
}

shim_sampler * shim_sampler_new(const llama_model * model, const shim_sampling * options,
                                const shim_answer_format * format, shim_error * error) {
    return shim_guard<shim_sampler *>(error, nullptr, [&] {
        const llama_vocab * vocab = llama_model_get_vocab(model);
        const int32_t n_vocab = llama_vocab_n_tokens(vocab);
        for (size_t i = 0; i < options->logit_bias_count; i++) {
            if (options->logit_bias[i].token >= n_vocab) {
                const std::string token = std::to_string(options->logit_bias[i].token);
                throw std::runtime_error("options.logitBias names token " + token + ", and the model has " +
                                         std::to_string(n_vocab));
            }
        }
        common_params_sampling params = params_of(*options);
        common_sampler_ptr sampler(common_sampler_init(model, params));
        shim_constraint constraint(vocab, format, options->reasoning_budget);
        return new shim_sampler { std::move(sampler), std::move(constraint), n_vocab, {} };
    });
}

void shim_sampler_free(shim_sampler * sampler) {
    delete sampler;
}

// Damaged weights produce logits that are not numbers. Sorting and choosing by those is undefined.
static bool has_nan(const float * logits, int32_t count) {
    int32_t found = 0;
    for (int32_t i = 0; i < count; i++) {
        uint32_t bits;
        std::memcpy(&bits, &logits[i], sizeof(bits));
        found |= (bits & 0x7fffffffu) > 0x7f800000u;
    }
    return found != 0;
}

// Chooses among the tokens that the constraint allows. llama.cpp's samplers assume that there is at least one.
static llama_token sample_constrained(shim_sampler & sampler, const llama_vocab * vocab, const float * logits) {
    std::vector<llama_token_data> & candidates = sampler.candidates;
    candidates.resize(sampler.n_vocab);
    for (llama_token token = 0; token < sampler.n_vocab; token++) {
        candidates[token] = { token, logits[token], 0.0f };
    }
    int32_t suppressed_count = 0;
    const llama_token * suppressed = llama_vocab_get_suppress_tokens(vocab, &suppressed_count);
    for (int32_t i = 0; i < suppressed_count; i++) {
        candidates[suppressed[i]].logit = -INFINITY;
    }
    llama_token_data_array all = { candidates.data(), candidates.size(), -1, false };
    sampler.constraint.apply(&all);
    const auto refused = [](const llama_token_data & candidate) { return candidate.logit == -INFINITY; };
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(), refused), candidates.end());
    if (candidates.empty()) {
        throw std::runtime_error(
            "the grammar leaves no token of this model to go on with - change the grammar or the schema");
    }
    llama_token_data_array left = { candidates.data(), candidates.size(), -1, false };
    llama_sampler_apply(common_sampler_get(sampler.sampler.get()), &left);
    return left.selected < 0 ? left.data[0].id : left.data[left.selected].id;
}

static llama_token sample(shim_sampler & sampler, llama_context * context, int32_t row, const float * logits) {
    const llama_token forced = sampler.constraint.forced();
    if (forced != LLAMA_TOKEN_NULL && (!sampler.constraint.holds() || sampler.constraint.allows(forced))) {
        return forced;
    }
    // The sampled token is usually allowed, and testing one is cheap.
    const llama_token token = common_sampler_sample(sampler.sampler.get(), context, row);
    if (!sampler.constraint.holds() || sampler.constraint.allows(token)) {
        return token;
    }
    return sample_constrained(sampler, llama_model_get_vocab(llama_get_model(context)), logits);
}

llama_token shim_sample(shim_sampler * sampler, llama_context * context, int32_t row, shim_error * error) {
    return shim_guard<llama_token>(error, -1, [&] {
        const float * logits = llama_get_logits_ith(context, row);
        if (logits == nullptr) {
            throw std::runtime_error("the row has no logits");
        }
        if (has_nan(logits, sampler->n_vocab)) {
            throw std::runtime_error("the model computed logits that are not numbers - its weights are damaged");
        }
        const llama_token token = sample(*sampler, context, row, logits);
        common_sampler_accept(sampler->sampler.get(), token, true);
        sampler->constraint.accept(token);
        return token;
    });
}
