// llama.cpp's grammars and its reasoning budget, in an order in which neither can end the process: it asserts that a token which
// is accepted was allowed, and that one is left to be chosen.

#include "constraint.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <stdexcept>

#include "common.h"

static std::vector<std::string> patterns_of(const shim_answer & answer) {
    std::vector<std::string> patterns = answer.patterns;
    for (const std::string & word : answer.words) {
        patterns.push_back(regex_escape(word));
    }
    return patterns;
}

shim_constraint::shim_constraint(const llama_vocab * vocab, const shim_answer * answer, int32_t reasoning_budget) :
    vocab(vocab), answer(answer) {
    if (answer == nullptr) {
        return;
    }
    for (const std::string & word : answer->words) {
        longest_word = std::max(longest_word, word.size());
    }
    // A regular expression is searched for in the whole answer, by llama.cpp: its own buffer has to begin now.
    const bool waits = answer->is_lazy && answer->patterns.empty();
    if (!answer->grammar.empty() && !waits) {
        grammar = grammar_new(vocab, answer->grammar, answer->is_lazy ? patterns_of(*answer) : std::vector<std::string>());
        for (const llama_token token : answer->begun) {
            if (!allows(token)) {
                throw std::runtime_error("the template begins the answer with what its own form does not allow");
            }
            grammar_accept(*grammar, token);
        }
    }
    const bool can_think = !answer->thinking_start.empty() && !answer->thinking_end.empty();
    if (can_think && (answer->is_lazy || reasoning_budget >= 0)) {
        const int32_t budget = reasoning_budget < 0 ? INT_MAX : reasoning_budget;
        thinking.reset(common_reasoning_budget_init(vocab, { answer->thinking_start }, answer->thinking_end,
                                                    answer->thinking_end[0], budget));
        for (const llama_token token : answer->generation_prompt) {
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
    for (const llama_token token : answer->thinking_end[0]) {
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
    return grammar != nullptr && !(answer->is_lazy && is_thinking());
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

// llama.cpp looks for a trigger in all that was written, at each token. Here it is given the end of that, once a trigger is there.
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
    for (const std::string & word : answer->words) {
        is_there = is_there || tail.find(word) != std::string::npos;
    }
    if (!is_there) {
        return;
    }
    grammar = grammar_new(vocab, answer->grammar, patterns_of(*answer));
    for (const llama_token earlier : recent) {
        grammar_accept(*grammar, earlier);
    }
    recent.clear();
    recent_lengths.clear();
    tail.clear();
    longest_word = 0;
}
