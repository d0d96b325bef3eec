#include "grammar.h"

#include <algorithm>
#include <stdexcept>

#include "llama-grammar.h"

// Limits for one token. Real grammars stay below a hundred ways and readings, and the time grows with the cube.
static constexpr size_t most_ways = 256;
static constexpr size_t most_readings = 256;
static constexpr size_t deepest_rule = 2000;

namespace {

bool ends_sequence(const llama_grammar_element & element) {
    return element.type == LLAMA_GRETYPE_END || element.type == LLAMA_GRETYPE_ALT;
}

// A code point's ranges and alternatives follow it as elements of their own.
bool belongs_to_last(const llama_grammar_element & element) {
    return element.type == LLAMA_GRETYPE_CHAR_RNG_UPPER || element.type == LLAMA_GRETYPE_CHAR_ALT;
}

// Checks how a rule can begin: in how many ways, and never with itself if more must follow after that. If nothing must
// follow, as in a repetition, llama.cpp notices the recursion.
class screen {
  public:
    explicit screen(const llama_grammar_rules & rules) :
        rules(rules), may_be_empty(rules.size()), ways(rules.size()), state(rules.size()), left_before(rules.size()) {
        find_empty();
        for (size_t rule = 0; rule < rules.size(); rule++) {
            count(rule, 0, 0);
        }
    }

  private:
    enum class seen : uint8_t { no, now, done };

    // Finds rules that can be empty through other rules. llama.cpp itself finds only an empty alternative.
    void find_empty() {
        for (bool changed = true; changed;) {
            changed = false;
            for (size_t rule = 0; rule < rules.size(); rule++) {
                if (!may_be_empty[rule] && has_empty_alternative(rules[rule])) {
                    may_be_empty[rule] = changed = true;
                }
            }
        }
    }

    bool has_empty_alternative(const llama_grammar_rule & rule) const {
        bool is_empty = true;
        for (const llama_grammar_element & element : rule) {
            if (ends_sequence(element)) {
                if (is_empty) {
                    return true;
                }
                is_empty = true;
            } else {
                is_empty = is_empty && element.type == LLAMA_GRETYPE_RULE_REF && may_be_empty[element.value];
            }
        }
        return false;
    }

    // `leaves`: how many references on the way here have more to follow after them.
    size_t count(size_t rule, size_t depth, size_t leaves) {
        if (state[rule] == seen::done) {
            return ways[rule];
        }
        if (state[rule] == seen::now) {
            if (leaves > left_before[rule]) {
                throw std::runtime_error("a rule of the grammar begins with itself");
            }
            return 0;
        }
        if (depth > deepest_rule) {
            throw std::runtime_error("the grammar's rules are nested too deeply");
        }
        state[rule] = seen::now;
        left_before[rule] = leaves;
        size_t sum = 1;
        bool at_beginning = true;
        for (size_t at = 0; at < rules[rule].size(); at++) {
            const llama_grammar_element & element = rules[rule][at];
            if (ends_sequence(element)) {
                at_beginning = true;
            } else if (at_beginning && !belongs_to_last(element)) {
                const bool is_rule = element.type == LLAMA_GRETYPE_RULE_REF;
                const bool is_last = ends_sequence(rules[rule][at + 1]);
                sum += is_rule ? count(element.value, depth + 1, leaves + (is_last ? 0 : 1)) : 1;
                at_beginning = is_rule && may_be_empty[element.value];
            }
            if (sum > most_ways) {
                throw std::runtime_error("the grammar can go on in too many ways at once");
            }
        }
        state[rule] = seen::done;
        return ways[rule] = sum;
    }

    const llama_grammar_rules & rules;
    std::vector<bool> may_be_empty;
    std::vector<size_t> ways;
    std::vector<seen> state;
    std::vector<size_t> left_before;
};

}  // namespace

void grammar_deleter::operator()(llama_grammar * grammar) const {
    llama_grammar_free_impl(grammar);
}

grammar_ptr grammar_new(const llama_vocab * vocab, const std::string & gbnf,
                        const std::vector<std::string> & patterns) {
    llama_grammar_parser parser(vocab);
    if (!parser.parse(gbnf.c_str()) || parser.symbol_ids.count("root") == 0) {
        throw std::runtime_error("the grammar is not GBNF with a rule named root");
    }
    screen checked(parser.rules);
    std::vector<const char *> raw;
    for (const std::string & pattern : patterns) {
        raw.push_back(pattern.c_str());
    }
    const bool is_lazy = !raw.empty();
    grammar_ptr grammar(
        llama_grammar_init_impl(vocab, gbnf.c_str(), "root", is_lazy, raw.data(), raw.size(), nullptr, 0));
    if (grammar == nullptr) {
        throw std::runtime_error("llama.cpp refuses the grammar");
    }
    return grammar;
}

void grammar_apply(const llama_grammar & grammar, llama_token_data_array * candidates) {
    llama_grammar_apply_impl(grammar, candidates);
}

void grammar_accept(llama_grammar & grammar, llama_token token) {
    try {
        llama_grammar_accept_impl(grammar, token);
    } catch (const std::exception &) {
        // Its words quote the answer.
        throw std::runtime_error("the answer left its grammar");
    }
    if (grammar.stacks.size() > most_readings) {
        throw std::runtime_error("the grammar can be read in too many ways - make it less ambiguous");
    }
}
