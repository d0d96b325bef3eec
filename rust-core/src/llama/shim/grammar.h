// A grammar that an answer must follow, by llama.cpp's own machine. That machine has no limits: an endless repetition
// of a group that may be empty takes all memory. Grammars are refused here for such costs, and for nothing else.
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

// Throws if the text is not a grammar, or would take too long. `patterns`: regular expressions that the grammar waits
// for; without any it holds from the beginning.
grammar_ptr grammar_new(const llama_vocab * vocab, const std::string & gbnf, const std::vector<std::string> & patterns);

void grammar_apply(const llama_grammar & grammar, llama_token_data_array * candidates);

// Takes an allowed token. Throws if so many readings of the answer are open that the next token would take too long.
void grammar_accept(llama_grammar & grammar, llama_token token);
