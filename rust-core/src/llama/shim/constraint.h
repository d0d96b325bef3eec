// Which tokens an answer may continue with: a grammar, and a limit to the reasoning.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "answer_format.h"
#include "grammar.h"
#include "reasoning-budget.h"

struct sampler_deleter {
    void operator()(llama_sampler * sampler) { llama_sampler_free(sampler); }
};

using sampler_ptr = std::unique_ptr<llama_sampler, sampler_deleter>;

class shim_constraint {
  public:
    // `format` must outlive it; null for no constraint.
    shim_constraint(const llama_vocab * vocab, const shim_answer_format * format, int32_t reasoning_budget);

    // The one token that must come next, or LLAMA_TOKEN_NULL.
    llama_token forced() const;
    // Whether a token could be refused now.
    bool holds() const;
    bool allows(llama_token token) const;
    // Sets the logits of refused tokens to minus infinity.
    void apply(llama_token_data_array * candidates) const;
    // Takes the next token, which is allowed.
    void accept(llama_token token);

  private:
    bool is_thinking() const;
    void look_for_trigger(llama_token token);

    const llama_vocab * vocab;
    const shim_answer_format * format;
    // Null while a lazy grammar waits for its trigger.
    grammar_ptr grammar;
    // Null if the reasoning has no limit.
    sampler_ptr thinking;
    // The last tokens and their text, long enough to contain the longest trigger.
    std::deque<llama_token> recent;
    std::deque<size_t> recent_lengths;
    std::string tail;
    size_t longest_word = 0;
};
