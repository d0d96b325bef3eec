// What one answer may be made of, token by token: a grammar, and a limit to what is thought.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "answer.h"
#include "grammar.h"
#include "reasoning-budget.h"

struct sampler_deleter {
    void operator()(llama_sampler * sampler) { llama_sampler_free(sampler); }
};

using sampler_ptr = std::unique_ptr<llama_sampler, sampler_deleter>;

class shim_constraint {
  public:
    // `answer` must outlive it; null for no constraint.
    shim_constraint(const llama_vocab * vocab, const shim_answer * answer, int32_t reasoning_budget);

    // The one token that must come now, or LLAMA_TOKEN_NULL.
    llama_token forced() const;
    // Whether anything could be refused now.
    bool holds() const;
    bool allows(llama_token token) const;
    // Sets the logits of what is refused to minus infinity.
    void apply(llama_token_data_array * candidates) const;
    // The token comes; it is allowed.
    void accept(llama_token token);

  private:
    bool is_thinking() const;
    void look_for_trigger(llama_token token);

    const llama_vocab * vocab;
    const shim_answer * answer;
    // Null while a lazy grammar waits for its trigger.
    grammar_ptr grammar;
    // Null where there is nothing to be limited.
    sampler_ptr thinking;
    // The last tokens and their text, long enough for the longest trigger to be found in them.
    std::deque<llama_token> recent;
    std::deque<size_t> recent_lengths;
    std::string tail;
    size_t longest_word = 0;
};
