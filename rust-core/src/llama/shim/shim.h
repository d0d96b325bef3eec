// The functions on llama.cpp's C++ side that Rust calls. Every function catches every exception and writes it to
// `error`, which the caller zeroes before the call and frees with shim_error_free. ffi.rs declares the same functions
// for Rust.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>

#include "llama.h"

struct shim_chat;
struct shim_answer_format;
struct shim_sampler;

enum shim_failure : int32_t { shim_no_failure, shim_failed, shim_out_of_memory };

// The exception that ended a call. Calls that fail without an exception leave it zeroed; llama.cpp's log then holds the
// reason.
struct shim_error {
    shim_failure kind;
    char * text;
};

// Texts with their lengths, because a prompt may hold a NUL. Freed with shim_texts_free.
struct shim_text {
    char * data;
    size_t length;
};

struct shim_texts {
    shim_text * items;
    size_t count;
};

struct shim_tokens {
    llama_token * items;
    size_t count;
};

// The subset of llama.cpp's sampling parameters that a request can set. Rust has checked that all values are in range.
struct shim_sampling {
    float temperature;
    int32_t top_k;
    float top_p;
    float min_p;
    float typical_p;
    float top_n_sigma;
    float xtc_probability;
    float xtc_threshold;
    float dry_multiplier;
    float dry_base;
    int32_t dry_allowed_length;
    int32_t dry_penalty_window;
    // Null: llama.cpp's own.
    const shim_text * dry_breakers;
    size_t dry_breaker_count;
    int32_t mirostat;
    float mirostat_tau;
    float mirostat_eta;
    float repeat_penalty;
    float frequency_penalty;
    float presence_penalty;
    int32_t penalty_window;
    const llama_logit_bias * logit_bias;
    size_t logit_bias_count;
    uint32_t seed;
    // Negative: no limit.
    int32_t reasoning_budget;
};

enum shim_tool_choice : int32_t { shim_tools_auto, shim_tools_required, shim_tools_none };

// The input of a chat template. A text of length 0 stands for none.
struct shim_chat_request {
    // JSON, in the form of OpenAI's chat completions.
    shim_text messages;
    shim_text tools;
    shim_text json_schema;
    // GBNF that the answer must follow: from the first trigger on if there are triggers, else from the beginning.
    shim_text grammar;
    const shim_text * triggers;
    size_t trigger_count;
    int32_t tool_choice;
    bool parallel_tool_calls;
    bool reasoning;
};

// The result of rendering: success, or the part of the request that was refused.
enum shim_rendered : int32_t { shim_rendered_well, shim_refused_template, shim_refused_options };

// Bytes of buffers, summed over all devices.
struct shim_memory {
    uint64_t weights;
    uint64_t kv;
    uint64_t compute;
    // Attention is bidirectional: there is no memory for a conversation, or each token attends to later ones.
    bool is_bidirectional;
};

extern "C" {
    void shim_error_free(shim_error error);
    void shim_texts_free(shim_texts texts);
    void shim_tokens_free(shim_tokens tokens);

    // Stops llama.cpp's `common` library from writing to standard error.
    void shim_quiet_common_log(void);
    int32_t shim_performance_cores(void);
    // Ends the idle compute threads that OpenMP keeps for the calling thread. Does nothing in a build without OpenMP.
    void shim_rest(void);

    // Loads no weights and allocates no buffer. `vocabulary_key` names the header's field for the size `vocabulary`.
    // False on failure.
    bool shim_simulate(const char * path, const llama_model_params * model_params,
                       const llama_context_params * context_params, const char * vocabulary_key,
                       int64_t vocabulary, shim_memory * result, shim_error * error);

    llama_model * shim_model_load(const char * path, const llama_model_params * params, shim_error * error);
    // The number of devices other than the processor that hold the model's weights.
    int32_t shim_model_device_count(const llama_model * model);
    // `index` is below that count.
    ggml_backend_dev_t shim_model_device(const llama_model * model, int32_t index);
    llama_context * shim_context_new(llama_model * model, const llama_context_params * params, shim_error * error);

    // The model must outlive the templates. A `source` of length 0 stands for the model's own template.
    shim_chat * shim_chat_new(const llama_model * model, shim_text source, shim_error * error);
    void shim_chat_free(shim_chat * chat);
    // The first text of the result is the prompt, ready for the assistant's answer. The others end an answer under this
    // template. `format` receives the answer's format, or null if the answer is only text. A null `format` asks for
    // none.
    shim_rendered shim_chat_render(const shim_chat * chat, const shim_chat_request * request, shim_texts * result,
                                   shim_answer_format ** format, shim_error * error);

    // The model must outlive the format. Several threads may use it at once.
    void shim_answer_format_free(shim_answer_format * format);
    // The result is reasoning, text, and for each call of a tool its id, name and arguments. False if `raw` is not in
    // the format.
    bool shim_answer_format_parse(const shim_answer_format * format, shim_text raw, bool complete, shim_texts * result,
                                  shim_error * error);
    // Control tokens that are part of the raw text.
    bool shim_answer_format_preserved(const shim_answer_format * format, shim_tokens * result, shim_error * error);

    // `add_special`: with the tokens that the vocabulary puts around a text. `parse_special`: names of control tokens
    // in the text become those tokens.
    bool shim_tokenize(const llama_vocab * vocab, const char * text, size_t length, bool add_special,
                       bool parse_special, shim_tokens * result, shim_error * error);

    // llama_decode's status, or shim_threw after an exception.
    int32_t shim_decode(llama_context * context, const llama_batch * batch, shim_error * error);

    // Whether a sequence's state is one attention cache: a count of streams, and for each its cells with their keys and
    // values. Any other state is opaque.
    bool shim_state_is_plain(const llama_context * context);
    // The functions below write and read one state in several pieces of memory. All return its size in bytes, 0 on
    // failure.
    size_t shim_state_size(llama_context * context, llama_seq_id sequence, shim_error * error);
    size_t shim_state_get(llama_context * context, llama_seq_id sequence, const shim_text * pieces, size_t count,
                          shim_error * error);
    // Reads into an empty sequence.
    size_t shim_state_set(llama_context * context, llama_seq_id sequence, const shim_text * pieces, size_t count,
                          shim_error * error);

    // `format` may be null, and must outlive the sampler.
    shim_sampler * shim_sampler_new(const llama_model * model, const shim_sampling * options,
                                    const shim_answer_format * format, shim_error * error);
    void shim_sampler_free(shim_sampler * sampler);
    // Chooses and accepts a token by the logits of batch row `row`, which must have asked for logits. Negative on
    // failure.
    llama_token shim_sample(shim_sampler * sampler, llama_context * context, int32_t row, shim_error * error);
}

constexpr int32_t shim_threw = INT32_MIN;

// A NUL-terminated copy of a text, to be freed with std::free. Null if there is no memory for it.
char * shim_copy(const char * data, size_t length);

inline void shim_fail(shim_error * error, shim_failure kind, const std::string & text) {
    *error = { kind, shim_copy(text.data(), text.size()) };
}

// Runs `body`. An exception becomes `error`, and `otherwise` the result.
template <typename T, typename Body> T shim_guard(shim_error * error, T otherwise, Body body) {
    try {
        return body();
    } catch (const std::bad_alloc & exception) {
        shim_fail(error, shim_out_of_memory, exception.what());
    } catch (const std::exception & exception) {
        shim_fail(error, shim_failed, exception.what());
    } catch (...) {
        shim_fail(error, shim_failed, "an exception without a text");
    }
    return otherwise;
}
