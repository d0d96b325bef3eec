// The parts of an answer, by the parser that llama.cpp derives from the chat template.

#include "answer_format.h"
#include "grammar.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <stdexcept>

static llama_tokens tokens_of(const llama_vocab * vocab, const std::string & text) {
    return text.empty() ? llama_tokens() : common_tokenize(vocab, text, false, true);
}

// Drops the space that a tokenizer puts in front of a text that it takes for a beginning.
static llama_tokens continuing_tokens_of(const llama_vocab * vocab, const std::string & text) {
    llama_tokens tokens = tokens_of(vocab, text);
    if (!tokens.empty()) {
        const std::string piece = common_token_to_piece(vocab, tokens[0], true);
        const auto is_space = [](char letter) { return std::isspace(static_cast<unsigned char>(letter)) != 0; };
        if (!piece.empty() && is_space(piece[0]) && !is_space(text[0])) {
            tokens.erase(tokens.begin());
        }
    }
    return tokens;
}

static void add_trigger(shim_answer_format & format, const common_grammar_trigger & trigger) {
    switch (trigger.type) {
        case COMMON_GRAMMAR_TRIGGER_TYPE_WORD:
            format.words.push_back(trigger.value);
            break;
        case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN:
            format.patterns.push_back(trigger.value);
            break;
        case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL:
            format.patterns.push_back("^" + trigger.value + "$");
            break;
        case COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN:
            throw std::runtime_error("the template begins calls of tools by a token without a text");
    }
}

static void take_grammar(shim_answer_format & format, const llama_vocab * vocab, const shim_chat_request & request,
                         const common_chat_params & params, bool begins_with_call) {
    if (request.grammar.length > 0) {
        format.grammar.assign(request.grammar.data, request.grammar.length);
        for (size_t i = 0; i < request.trigger_count; i++) {
            format.words.emplace_back(request.triggers[i].data, request.triggers[i].length);
        }
        format.is_lazy = request.trigger_count > 0;
    } else {
        format.grammar = params.grammar;
        format.is_lazy = params.grammar_lazy;
        for (const common_grammar_trigger & trigger : params.grammar_triggers) {
            add_trigger(format, trigger);
        }
        if (!format.is_lazy && !begins_with_call) {
            format.begun = continuing_tokens_of(vocab, params.generation_prompt);
        }
    }
    if (format.grammar.empty()) {
        return;
    }
    // Throws for a grammar that is refused, before anything is generated.
    grammar_new(vocab, format.grammar, {});
}

shim_answer_format * shim_answer_format_new(const llama_vocab * vocab, const shim_chat_request & request,
                                            const common_chat_params & params, bool begins_with_call) {
    auto format = std::make_unique<shim_answer_format>();
    const bool wants_calls = request.tools.length > 0 && request.tool_choice == shim_tools_required;
    if (wants_calls && params.grammar.empty()) {
        throw std::runtime_error(
            "the model's chat template has no form for calls of tools - use a model that was trained for them");
    }
    take_grammar(*format, vocab, request, params, begins_with_call);

    format->is_parsed = !params.parser.empty() && request.grammar.length == 0;
    format->parser = common_chat_parser_params(params);
    format->parser.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
    if (format->is_parsed) {
        format->parser.parser.load(params.parser);
    }
    for (const std::string & text : params.preserved_tokens) {
        const llama_tokens tokens = tokens_of(vocab, text);
        if (tokens.size() == 1) {
            format->preserved.insert(tokens[0]);
        }
    }
    format->thinking_start = tokens_of(vocab, params.thinking_start_tag);
    for (const std::string & tag : params.thinking_end_tags) {
        format->thinking_end.push_back(tokens_of(vocab, tag));
    }
    format->generation_prompt = continuing_tokens_of(vocab, params.generation_prompt);
    return format.release();
}

void shim_answer_format_free(shim_answer_format * format) {
    delete format;
}

bool shim_answer_format_parse(const shim_answer_format * format, shim_text raw, bool complete, shim_texts * result,
                              shim_error * error) {
    return shim_guard(error, false, [&] {
        const std::string text = raw.length == 0 ? std::string() : std::string(raw.data, raw.length);
        if (!format->is_parsed) {
            *result = shim_texts_of({ "", text });
            return true;
        }
        const common_chat_msg message = common_chat_parse(text, !complete, format->parser);
        std::vector<std::string> parts = { message.reasoning_content, message.content };
        for (const common_chat_tool_call & call : message.tool_calls) {
            parts.insert(parts.end(), { call.id, call.name, call.arguments });
        }
        *result = shim_texts_of(parts);
        return true;
    });
}

bool shim_answer_format_preserved(const shim_answer_format * format, shim_tokens * result, shim_error * error) {
    return shim_guard(error, false, [&] {
        *result = { new llama_token[format->preserved.size()], format->preserved.size() };
        std::copy(format->preserved.begin(), format->preserved.end(), result->items);
        return true;
    });
}
