// The format of the answers to one prompt. answer_format.cpp parses it, constraint.cpp enforces it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "chat.h"
#include "shim.h"

struct shim_answer_format {
    // Without a parser the raw text is the answer.
    bool is_parsed = false;
    common_chat_parser_params parser;
    // Control tokens that are part of the raw text.
    std::set<llama_token> preserved;

    // GBNF; empty if the answer may be any text.
    std::string grammar;
    // A lazy grammar holds from the first trigger on, any other from the beginning. Triggers are texts, and regular
    // expressions for the few templates that need one.
    bool is_lazy = false;
    std::vector<std::string> words;
    std::vector<std::string> patterns;
    // The beginning of the answer that the prompt contains already, as far as the grammar covers it.
    llama_tokens begun;

    // The tags around the model's reasoning; empty if it has none, or none that can be recognized.
    llama_tokens thinking_start;
    std::vector<llama_tokens> thinking_end;
    // The end of the prompt, which may open the reasoning.
    llama_tokens generation_prompt;
};

// Throws if the request's grammar cannot be used. `begins_with_call`: the template's grammar covers no part of the
// prompt.
shim_answer_format * shim_answer_format_new(const llama_vocab * vocab, const shim_chat_request & request,
                                            const common_chat_params & params, bool begins_with_call);

shim_texts shim_texts_of(const std::vector<std::string> & texts);
