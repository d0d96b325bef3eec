// Chat templates and tokens, by llama.cpp's `common/chat.h`: its Jinja engine, its workarounds for certain models, its
// stop texts.

#include "answer_format.h"
#include "shim.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include "chat.h"
#include "common.h"
#include "json-schema-to-grammar.h"

struct shim_chat {
    common_chat_templates_ptr templates;
    const llama_vocab * vocab;
};

char * shim_copy(const char * data, size_t length) {
    char * copy = static_cast<char *>(std::malloc(length + 1));
    if (copy == nullptr) {
        return nullptr;
    }
    std::memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

static shim_text copy_text(const std::string & text) {
    char * copy = shim_copy(text.data(), text.size());
    if (copy == nullptr) {
        throw std::bad_alloc();
    }
    return { copy, text.size() };
}

shim_texts shim_texts_of(const std::vector<std::string> & texts) {
    shim_texts copies = { new shim_text[texts.size()](), texts.size() };
    try {
        for (size_t i = 0; i < texts.size(); i++) {
            copies.items[i] = copy_text(texts[i]);
        }
    } catch (...) {
        shim_texts_free(copies);
        throw;
    }
    return copies;
}

static std::string string_of(const shim_text & text) {
    return text.length == 0 ? std::string() : std::string(text.data, text.length);
}

void shim_error_free(shim_error error) {
    std::free(error.text);
}

void shim_texts_free(shim_texts texts) {
    for (size_t i = 0; i < texts.count; i++) {
        std::free(texts.items[i].data);
    }
    delete[] texts.items;
}

void shim_tokens_free(shim_tokens tokens) {
    delete[] tokens.items;
}

shim_chat * shim_chat_new(const llama_model * model, shim_text source, shim_error * error) {
    return shim_guard<shim_chat *>(error, nullptr, [&] {
        return new shim_chat { common_chat_templates_init(model, string_of(source)), llama_model_get_vocab(model) };
    });
}

void shim_chat_free(shim_chat * chat) {
    delete chat;
}

static common_chat_templates_inputs inputs_of(const shim_chat_request & request) {
    common_chat_templates_inputs inputs;
    inputs.messages = common_chat_msgs_parse_oaicompat(common_json::parse(string_of(request.messages)));
    if (request.tools.length > 0) {
        inputs.tools = common_chat_tools_parse_oaicompat(common_json::parse(string_of(request.tools)));
    }
    switch (request.tool_choice) {
        case shim_tools_required: inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_REQUIRED; break;
        case shim_tools_none:     inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_NONE;     break;
        default:                  inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_AUTO;     break;
    }
    inputs.json_schema = string_of(request.json_schema);
    inputs.parallel_tool_calls = request.parallel_tool_calls;
    inputs.enable_thinking = request.reasoning;
    inputs.reasoning_format = COMMON_REASONING_FORMAT_AUTO;
    inputs.add_generation_prompt = true;
    inputs.use_jinja = true;
    return inputs;
}

static shim_texts texts_of(const common_chat_params & params) {
    std::vector<std::string> texts = { params.prompt };
    texts.insert(texts.end(), params.additional_stops.begin(), params.additional_stops.end());
    return shim_texts_of(texts);
}

// Whether an answer may be more than text. A parser costs time, so plain text gets none.
static bool has_parts(const shim_chat_request & request, const common_chat_params & params) {
    const bool has_schema = request.json_schema.length > 0 || request.grammar.length > 0;
    return request.tools.length > 0 || has_schema || params.supports_thinking;
}

// Whether a schema is the reason that rendering failed; `error` then says which. The template's parser turns tools and
// schemas into grammars, which takes time, and a failure there is not the template's. So they are checked by themselves
// only after a failure.
static bool is_refused_for_schemas(const common_chat_templates_inputs & inputs, shim_error * error) {
    shim_error reason = {};
    const bool are_right = shim_guard(&reason, false, [&] {
        if (!inputs.json_schema.empty()) {
            json_schema_to_grammar(common_json::parse(inputs.json_schema));
        }
        for (const common_chat_tool & tool : inputs.tools) {
            try {
                json_schema_to_grammar(common_json::parse(tool.parameters));
            } catch (const std::exception & exception) {
                throw std::runtime_error("the parameters of tool " + tool.name + ": " + exception.what());
            }
        }
        return true;
    });
    if (!are_right) {
        shim_error_free(*error);
        *error = reason;
    }
    return !are_right;
}

static bool is_called_by_words(const common_chat_params & params) {
    bool has_words = params.grammar_lazy && !params.grammar_triggers.empty();
    for (const common_grammar_trigger & trigger : params.grammar_triggers) {
        has_words = has_words && trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD;
    }
    return has_words;
}

// If a call is required, llama.cpp's grammar still allows text before it, and a small model does not find the end of
// that text. The grammar for optional calls begins with the call. Here it holds from the beginning: `begins_with_call`.
// A model that reasons first needs llama.cpp's grammar.
static common_chat_params apply(const common_chat_templates * templates, common_chat_templates_inputs inputs,
                                bool & begins_with_call) {
    begins_with_call = false;
    const bool is_required = inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_REQUIRED && !inputs.tools.empty();
    if (is_required) {
        inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_AUTO;
        common_chat_params params = common_chat_templates_apply(templates, inputs);
        begins_with_call = is_called_by_words(params) && !(params.supports_thinking && inputs.enable_thinking);
        if (begins_with_call) {
            params.grammar_lazy = false;
            params.grammar_triggers.clear();
            return params;
        }
        inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    }
    return common_chat_templates_apply(templates, inputs);
}

shim_rendered shim_chat_render(const shim_chat * chat, const shim_chat_request * request, shim_texts * result,
                               shim_answer_format ** format, shim_error * error) {
    common_chat_templates_inputs inputs;
    const bool readable = shim_guard(error, false, [&] {
        inputs = inputs_of(*request);
        return true;
    });
    if (!readable) {
        return shim_refused_options;
    }
    common_chat_params params;
    bool begins_with_call = false;
    const bool rendered = shim_guard(error, false, [&] {
        params = apply(chat->templates.get(), inputs, begins_with_call);
        return true;
    });
    if (!rendered) {
        return is_refused_for_schemas(inputs, error) ? shim_refused_options : shim_refused_template;
    }
    return shim_guard(error, shim_refused_options, [&] {
        std::unique_ptr<shim_answer_format> made;
        if (format != nullptr && has_parts(*request, params)) {
            made.reset(shim_answer_format_new(chat->vocab, *request, params, begins_with_call));
        }
        *result = texts_of(params);
        if (format != nullptr) {
            *format = made.release();
        }
        return shim_rendered_well;
    });
}

bool shim_tokenize(const llama_vocab * vocab, const char * text, size_t length, bool add_special, bool parse_special,
                   shim_tokens * result, shim_error * error) {
    return shim_guard(error, false, [&] {
        const std::vector<llama_token> tokens =
            common_tokenize(vocab, std::string(text, length), add_special, parse_special);
        *result = { new llama_token[tokens.size()], tokens.size() };
        std::copy(tokens.begin(), tokens.end(), result->items);
        return true;
    });
}
