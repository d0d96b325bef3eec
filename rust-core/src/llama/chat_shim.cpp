// Chat templates and tokens, by llama.cpp's own `common/chat.h`: its Jinja engine, its workarounds for single models, its stop texts.

#include "shim.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "chat.h"
#include "common.h"

struct shim_chat {
    common_chat_templates_ptr templates;
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

void shim_error_free(char * error) {
    std::free(error);
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

shim_chat * shim_chat_new(const llama_model * model, char ** error) {
    return shim_guard<shim_chat *>(error, nullptr, [&] {
        return new shim_chat { common_chat_templates_init(model, "") };
    });
}

void shim_chat_free(shim_chat * chat) {
    delete chat;
}

static common_chat_templates_inputs inputs_of(const shim_text * messages, size_t count) {
    common_chat_templates_inputs inputs;
    for (size_t i = 0; i + 1 < count; i += 2) {
        common_chat_msg message;
        message.role.assign(messages[i].data, messages[i].length);
        message.content.assign(messages[i + 1].data, messages[i + 1].length);
        inputs.messages.push_back(std::move(message));
    }
    inputs.add_generation_prompt = true;
    inputs.use_jinja = true;
    return inputs;
}

static shim_texts texts_of(const common_chat_params & params) {
    const size_t count = 1 + params.additional_stops.size();
    shim_texts texts = { new shim_text[count](), count };
    try {
        texts.items[0] = copy_text(params.prompt);
        for (size_t i = 1; i < count; i++) {
            texts.items[i] = copy_text(params.additional_stops[i - 1]);
        }
    } catch (...) {
        shim_texts_free(texts);
        throw;
    }
    return texts;
}

bool shim_chat_render(const shim_chat * chat, const shim_text * messages, size_t count, shim_texts * result, char ** error) {
    return shim_guard(error, false, [&] {
        *result = texts_of(common_chat_templates_apply(chat->templates.get(), inputs_of(messages, count)));
        return true;
    });
}

bool shim_tokenize(const llama_vocab * vocab, const char * text, size_t length, bool whole, bool special,
                   shim_tokens * result, char ** error) {
    return shim_guard(error, false, [&] {
        const std::vector<llama_token> tokens = common_tokenize(vocab, std::string(text, length), whole, special);
        *result = { new llama_token[tokens.size()], tokens.size() };
        std::copy(tokens.begin(), tokens.end(), result->items);
        return true;
    });
}
