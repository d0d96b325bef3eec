// What Rust calls of llama.cpp's C++ side. Every function catches every exception: `error` then points to a text that the
// caller frees with shim_error_free. Rust's declarations of the same functions are in shim.rs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#include "llama.h"

struct shim_chat;
struct shim_answer;
struct shim_sampler;

// Texts with their lengths, since a prompt may hold a NUL. Freed with shim_texts_free.
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

// The subset of llama.cpp's sampling parameters that a request can set. All values are in range: Rust has checked them.
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
    // With llama.cpp's own where there are none.
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
    // Negative: as many as the model likes.
    int32_t reasoning_budget;
};

enum shim_tool_choice : int32_t { shim_tools_auto, shim_tools_required, shim_tools_none };

// What a prompt is rendered from. Texts of length 0 stand for nothing.
struct shim_request {
    // In the form of OpenAI's chat completions, JSON.
    shim_text messages;
    shim_text tools;
    shim_text json_schema;
    // GBNF that the answer must follow, from one of the triggers on where there are any.
    shim_text grammar;
    const shim_text * triggers;
    size_t trigger_count;
    int32_t tool_choice;
    bool parallel_tool_calls;
    bool reasoning;
};

// Which part of a request could not be had.
enum shim_rendered : int32_t { shim_rendered_well, shim_refused_template, shim_refused_options };

// Bytes of buffers, on all devices together.
struct shim_memory {
    uint64_t weights;
    uint64_t kv;
    uint64_t compute;
    // The model reads a text as a whole: it has no memory for a conversation, or each token sees those behind it.
    bool whole;
};

extern "C" {
    void shim_error_free(char * error);
    void shim_texts_free(shim_texts texts);
    void shim_tokens_free(shim_tokens tokens);

    // Stops llama.cpp's `common` library from writing to standard error.
    void shim_quiet_common_log(void);
    int32_t shim_performance_cores(void);
    // Ends the idle compute threads that OpenMP keeps for the calling thread. Nothing happens in a build without OpenMP.
    void shim_rest(void);

    // Loads no weights and allocates no buffer; `vocabulary_key` names the header's field of that number. False on error,
    // with or without a text.
    bool shim_simulate(const char * path, const llama_model_params * model_params, const llama_context_params * context_params,
                       const char * vocabulary_key, int64_t vocabulary, shim_memory * result, char ** error);

    llama_model * shim_model_load(const char * path, const llama_model_params * params, char ** error);
    // The devices but the processor that hold the model's weights.
    int32_t shim_model_device_count(const llama_model * model);
    // `index` is below that count.
    ggml_backend_dev_t shim_model_device(const llama_model * model, int32_t index);
    llama_context * shim_context_new(llama_model * model, const llama_context_params * params, char ** error);

    // The model must outlive the templates. A `source` of length 0 stands for the model's own.
    shim_chat * shim_chat_new(const llama_model * model, shim_text source, char ** error);
    void shim_chat_free(shim_chat * chat);
    // The first text of the result is the prompt, ready for the assistant's answer; the others end an answer under this
    // template. `answer` is how that is written, null where it is just text; nobody is to be told where the pointer to it is null.
    shim_rendered shim_chat_render(const shim_chat * chat, const shim_request * request, shim_texts * result, shim_answer ** answer,
                                   char ** error);

    // The model must outlive the answer. May be used by several threads at once.
    void shim_answer_free(shim_answer * answer);
    // The result is reasoning, text, and for each call of a tool its id, name and arguments. False where `raw` is not in the
    // answer's format.
    bool shim_answer_parse(const shim_answer * answer, shim_text raw, bool complete, shim_texts * result, char ** error);
    // Control tokens that are part of the raw text.
    bool shim_answer_preserved(const shim_answer * answer, shim_tokens * result, char ** error);

    // `whole`: with the tokens that the vocabulary wants around a text. `special`: the names of control tokens in the text are
    // those tokens.
    bool shim_tokenize(const llama_vocab * vocab, const char * text, size_t length, bool whole, bool special,
                       shim_tokens * result, char ** error);

    // llama_decode's status. An exception gives shim_threw and a text.
    int32_t shim_decode(llama_context * context, const llama_batch * batch, char ** error);

    // Whether a sequence's state is one attention cache: a count of streams, and for each its cells and their keys and
    // values. Anything else is opaque.
    bool shim_state_is_plain(const llama_context * context);
    // The functions below write and read one state in several pieces of memory. All give its size in bytes; 0 on error.
    size_t shim_state_size(llama_context * context, llama_seq_id sequence, char ** error);
    size_t shim_state_get(llama_context * context, llama_seq_id sequence, const shim_text * pieces, size_t count, char ** error);
    // Into an empty sequence. The pieces are only read.
    size_t shim_state_set(llama_context * context, llama_seq_id sequence, const shim_text * pieces, size_t count, char ** error);

    // `answer` may be null, and must not be freed before the sampler.
    shim_sampler * shim_sampler_new(const llama_model * model, const shim_sampling * options, const shim_answer * answer,
                                    char ** error);
    void shim_sampler_free(shim_sampler * sampler);
    // Chooses and accepts a token by the logits of batch row `row`, which must have asked for logits. Negative on error.
    llama_token shim_sample(shim_sampler * sampler, llama_context * context, int32_t row, char ** error);
}

constexpr int32_t shim_threw = INT32_MIN;

// A copy of a text, with a NUL behind it, for the other side to free.
char * shim_copy(const char * data, size_t length);

// Runs `body`; an exception becomes `error`, and `otherwise` the result.
template <typename T, typename Body> T shim_guard(char ** error, T otherwise, Body body) {
    try {
        return body();
    } catch (const std::exception & exception) {
        const std::string text = exception.what();
        *error = shim_copy(text.data(), text.size());
    } catch (...) {
        static const std::string text = "an exception without a text";
        *error = shim_copy(text.data(), text.size());
    }
    return otherwise;
}
