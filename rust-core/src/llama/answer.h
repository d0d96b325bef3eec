// How the answer to one prompt is written: parsed by answer_shim.cpp, kept to by constraint_shim.cpp.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "chat.h"
#include "shim.h"

struct shim_answer {
    // Without one the raw text is the answer.
    bool is_parsed = false;
    common_chat_parser_params parser;
    // Control tokens that belong to the raw text.
    std::set<llama_token> preserved;

    // GBNF, empty where anything may be written.
    std::string grammar;
    // Holds from the first of these on; from the beginning where there is none. Texts, and regular expressions for the few
    // templates that need one.
    bool is_lazy = false;
    std::vector<std::string> words;
    std::vector<std::string> patterns;
    // What the prompt has written of the answer already, as far as the grammar covers it.
    llama_tokens begun;

    // Texts around what the model thinks; empty where it does not, or cannot be told when it does.
    llama_tokens thinking_start;
    std::vector<llama_tokens> thinking_end;
    // What the prompt ends with, and may have begun to think by.
    llama_tokens generation_prompt;
};

// Throws where the request's grammar cannot be used. `begins_with_call`: the template's grammar covers nothing of what the prompt
// has written already.
shim_answer * shim_answer_new(const llama_vocab * vocab, const shim_request & request, const common_chat_params & params,
                              bool begins_with_call);

shim_texts shim_texts_of(const std::vector<std::string> & texts);
