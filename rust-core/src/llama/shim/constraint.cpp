// llama.cpp's grammars and its reasoning budget, called in an order in which neither can end the process: llama.cpp
// asserts that an accepted token was allowed, and that a token is left to choose.

#include "constraint.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <stdexcept>

#include "common.h"

static std::vector<std::string> patterns_of(const shim_answer_format & format) {
    std::vector<std::string> patterns = format.patterns;
    for (const std::string & word : format.words) {
        patterns.push_back(regex_escape(word));
    }
    return patterns;
}

shim_constraint::shim_constraint(const llama_vocab * vocab, const shim_answer_format * format,
                                 int32_t reasoning_budget) :
    vocab(vocab), format(format) {
    if (format == nullptr) {
        return;
    }
    for (const std::string & word : format->words) {
        longest_word = std::max(longest_word, word.size());
    }
    // llama.cpp searches for a regular expression in the whole answer, so its own buffer has to begin now.
    const bool waits = format->is_lazy && format->patterns.empty();
    if (!format->grammar.empty() && !waits) {
        const auto patterns = format->is_lazy ? patterns_of(*format) : std::vector<std::string>();
        grammar = grammar_new(vocab, format->grammar, patterns);
        for (const llama_token token : format->begun) {
            if (!allows(token)) {
                throw std::runtime_error("the template begins the answer with what its own format does not allow");
            }
            grammar_accept(*grammar, token);
        }
    }
    const bool can_think = !format->thinking_start.empty() && !format->thinking_end.empty();
    if (can_think && (format->is_lazy || reasoning_budget >= 0)) {
        const int32_t budget = reasoning_budget < 0 ? INT_MAX : reasoning_budget;
        thinking.reset(common_reasoning_budget_init(vocab, { format->thinking_start }, format->thinking_end,
                                                    format->thinking_end[0], budget));
        for (const llama_token token : format->generation_prompt) {
            llama_sampler_accept(thinking.get(), token);
        }
    }
}

bool shim_constraint::is_thinking() const {
    if (thinking == nullptr) {
        return false;
    }
    const common_reasoning_budget_state state = common_reasoning_budget_get_state(thinking.get());
    return state != REASONING_BUDGET_IDLE && state != REASONING_BUDGET_DONE;
}

llama_token shim_constraint::forced() const {
    if (thinking == nullptr || common_reasoning_budget_get_state(thinking.get()) != REASONING_BUDGET_FORCING) {
        return LLAMA_TOKEN_NULL;
    }
    for (const llama_token token : format->thinking_end[0]) {
        llama_token_data data = { token, 0.0f, 0.0f };
        llama_token_data_array one = { &data, 1, -1, false };
        llama_sampler_apply(thinking.get(), &one);
        if (data.logit != -INFINITY) {
            return token;
        }
    }
    return LLAMA_TOKEN_NULL;
}

bool shim_constraint::holds() const {
    return grammar != nullptr && !(format->is_lazy && is_thinking());
}

void shim_constraint::apply(llama_token_data_array * candidates) const {
    if (holds()) {
        grammar_apply(*grammar, candidates);
    }
}

bool shim_constraint::allows(llama_token token) const {
    llama_token_data data = { token, 0.0f, 0.0f };
    llama_token_data_array one = { &data, 1, -1, false };
    apply(&one);
    return data.logit != -INFINITY;
}

void shim_constraint::accept(llama_token token) {
    const bool held = holds();
    if (thinking != nullptr) {
        llama_sampler_accept(thinking.get(), token);
    }
    if (held) {
        grammar_accept(*grammar, token);
    } else if (grammar == nullptr && longest_word > 0 && !is_thinking()) {
        look_for_trigger(token);
    }
}

// At each token, llama.cpp would search the whole answer for a trigger. Here it gets only the end of the answer, once
// that contains a trigger.
void shim_constraint::look_for_trigger(llama_token token) {
    const std::string piece = common_token_to_piece(vocab, token, true);
    recent.push_back(token);
    recent_lengths.push_back(piece.size());
    tail += piece;
    while (tail.size() - recent_lengths.front() >= longest_word + piece.size()) {
        tail.erase(0, recent_lengths.front());
        recent.pop_front();
        recent_lengths.pop_front();
    }
    bool is_there = false;
    for (const std::string & word : format->words) {
        is_there = is_there || tail.find(word) != std::string::npos;
    }
    if (!is_there) {
        return;
    }
    grammar = grammar_new(vocab, format->grammar, patterns_of(*format));
    for (const llama_token earlier : recent) {
        grammar_accept(*grammar, earlier);
    }
    recent.clear();
    recent_lengths.clear();
    tail.clear();
    longest_word = 0;
}
