// A grammar that an answer is kept to, by llama.cpp's own machine, which has no limits: a group that may be empty, repeated without
// end, takes all memory. What would do that is refused first, for that alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "llama.h"

struct llama_grammar;

struct grammar_deleter {
    void operator()(llama_grammar * grammar) const;
};

using grammar_ptr = std::unique_ptr<llama_grammar, grammar_deleter>;

// Throws where the text is no grammar, or one that would take too long. `patterns`: regular expressions that it waits for; none, and it
// holds from the beginning.
grammar_ptr grammar_new(const llama_vocab * vocab, const std::string & gbnf, const std::vector<std::string> & patterns);

void grammar_apply(const llama_grammar & grammar, llama_token_data_array * candidates);

// The token is one that is allowed. Throws where so many readings of the answer are open that the next would take too long.
void grammar_accept(llama_grammar & grammar, llama_token token);
