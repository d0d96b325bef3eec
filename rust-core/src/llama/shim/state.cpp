// Writes and reads a sequence's state in several pieces of memory. The bytes before and after the conversation itself
// differ between contexts, and exchanging them by a copy of the whole would cost as much as the state call. Uses
// llama.cpp's internal headers, of the one version that this crate is pinned to.

#include "shim.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <typeinfo>

#include "ggml-backend.h"
#include "llama-io.h"
#include "llama-kv-cache.h"
#include "llama-memory.h"
#include "llama-model.h"

namespace {

// The position of the next byte in a list of pieces.
class cursor {
  public:
    cursor(const shim_text * pieces, size_t count) : piece(pieces), end(pieces + count) {}

    // The next contiguous bytes, at most `size` of them.
    char * next(size_t size, size_t & length) {
        while (piece != end && offset == piece->length) {
            piece++;
            offset = 0;
        }
        if (piece == end) {
            throw std::runtime_error("the state is longer than its memory");
        }
        char * data = piece->data + offset;
        length = std::min(size, piece->length - offset);
        offset += length;
        passed += length;
        return data;
    }

    // Calls `use(data, done, length)` for all parts of the next `size` bytes.
    template <typename Use> void take(size_t size, Use use) {
        for (size_t done = 0, length = 0; done < size; done += length) {
            char * data = next(size - done, length);
            use(data, done, length);
        }
    }

    size_t passed = 0;

  private:
    const shim_text * piece;
    const shim_text * end;
    size_t offset = 0;
};

class counter : public llama_io_write_i {
  public:
    void write(const void *, size_t size) override { total += size; }
    void write_tensor(ggml_tensor *, size_t, size_t size) override { total += size; }
    size_t n_bytes() override { return total; }

  private:
    size_t total = 0;
};

class writer : public llama_io_write_i {
  public:
    writer(const shim_text * pieces, size_t count) : to(pieces, count) {}

    void write(const void * source, size_t size) override {
        const char * bytes = static_cast<const char *>(source);
        to.take(size, [&](char * data, size_t done, size_t length) { std::memcpy(data, bytes + done, length); });
    }

    void write_tensor(ggml_tensor * tensor, size_t offset, size_t size) override {
        to.take(size, [&](char * data, size_t done, size_t length) {
            ggml_backend_tensor_get(tensor, data, offset + done, length);
        });
    }

    size_t n_bytes() override { return to.passed; }

  private:
    cursor to;
};

class reader : public llama_io_read_i {
  public:
    reader(const shim_text * pieces, size_t count) : from(pieces, count) {}

    void read(void * target, size_t size) override {
        char * bytes = static_cast<char *>(target);
        from.take(size, [&](char * data, size_t done, size_t length) { std::memcpy(bytes + done, data, length); });
    }

    void read_tensor(ggml_tensor * tensor, size_t offset, size_t size) override {
        from.take(size, [&](char * data, size_t done, size_t length) {
            ggml_backend_tensor_set(tensor, data, offset + done, length);
        });
    }

    size_t n_bytes() override { return from.passed; }

  private:
    cursor from;
};

}  // namespace

bool shim_state_is_plain(const llama_context * context) {
    const llama_memory_i * memory = llama_get_memory(context);
    const llama_hparams & hparams = llama_get_model(context)->hparams;
    // A cell has a third part if a token has several positions, or if cells hold token ids.
    const bool small_cells = hparams.n_pos_per_embd() == 1 && hparams.ple_n_heads == 0;
    return memory != nullptr && typeid(*memory) == typeid(llama_kv_cache) && hparams.n_swa == 0 && small_cells;
}

size_t shim_state_size(llama_context * context, llama_seq_id sequence, shim_error * error) {
    return shim_guard<size_t>(error, 0, [&] {
        llama_synchronize(context);
        counter io;
        llama_get_memory(context)->state_write(io, sequence);
        return io.n_bytes();
    });
}

size_t shim_state_get(llama_context * context, llama_seq_id sequence, const shim_text * pieces, size_t count,
                      shim_error * error) {
    return shim_guard<size_t>(error, 0, [&] {
        llama_synchronize(context);
        writer io(pieces, count);
        llama_get_memory(context)->state_write(io, sequence);
        return io.n_bytes();
    });
}

size_t shim_state_set(llama_context * context, llama_seq_id sequence, const shim_text * pieces, size_t count,
                      shim_error * error) {
    return shim_guard<size_t>(error, 0, [&] {
        llama_synchronize(context);
        reader io(pieces, count);
        llama_get_memory(context)->state_read(io, sequence);
        return io.n_bytes();
    });
}
