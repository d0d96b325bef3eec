//! The weights and the vocabulary of a model, which never change after loading.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use llama_cpp_sys_2 as sys;

use super::model_options::ModelOptions;
use super::shim::{self, ShimError, Tokens};
use super::{devices, global};
use crate::engine::Token;
use crate::error::{Error, ErrorCode, Result};
use crate::protocol::DeviceKind;

/// The special tokens that a tokenizer puts around a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecialTokens {
    None,
    /// The vocabulary's own around a whole text, such as a first and a last token.
    Default,
}

/// A loaded model. Shared by its context, its prompter and its samplers; freed with the last of them.
pub(super) struct Model {
    raw: NonNull<sys::llama_model>,
    vocab: NonNull<sys::llama_vocab>,
    token_count: Token,
}

// SAFETY: after loading, llama.cpp only reads a model and its vocabulary, and the functions below take them const. The
// only one that writes is llama_init_from_model: it may adjust the trained length, which is read once after a load. It
// is called on the engine's thread only, by the loader and for auxiliary contexts.
unsafe impl Send for Model {}
// SAFETY: as above.
unsafe impl Sync for Model {}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: contexts and samplers keep the model alive by their `Arc`, so nothing refers to it any longer.
        unsafe { sys::llama_model_free(self.raw.as_ptr()) }
    }
}

/// The caller's progress callback, on its way through C.
struct Progress<'a> {
    report: &'a mut dyn FnMut(f32) -> bool,
    /// The callback returned false.
    cancelled: bool,
    /// The callback's panic, carried past the C++ frames, which Rust must not unwind.
    panic: Option<Box<dyn std::any::Any + Send>>,
}

unsafe extern "C" fn on_progress(progress: f32, data: *mut c_void) -> bool {
    // SAFETY: `data` is the `Progress` that `Model::load` keeps on its stack while llama.cpp loads, on the same thread.
    let state = unsafe { &mut *data.cast::<Progress<'_>>() };
    match catch_unwind(AssertUnwindSafe(|| (state.report)(progress))) {
        Ok(go_on) => {
            state.cancelled |= !go_on;
            go_on
        }
        Err(panic) => {
            state.panic = Some(panic);
            false
        }
    }
}

impl Model {
    /// Loads a file whose header has been checked. `report` receives the progress, 0 to 1, and ends the load by
    /// returning false. Errors call the model `name`.
    pub fn load(path: &str, name: &str, device: DeviceKind, report: &mut dyn FnMut(f32) -> bool) -> Result<Self> {
        let c_path = CString::new(path)
            .map_err(|_| Error::new(ErrorCode::ModelNotFound, "the model's path holds a NUL character"))?;
        let mut progress = Progress { report, cancelled: false, panic: None };
        let mut options = ModelOptions::new(device);
        options.params.progress_callback = Some(on_progress);
        options.params.progress_callback_user_data = (&raw mut progress).cast();
        let mut error = ShimError::new();
        // SAFETY: the path, the parameters with their device list, and `progress` outlive the call.
        let (raw, logged) = global::with_logged_error(|| unsafe {
            shim::shim_model_load(c_path.as_ptr(), &raw const options.params, error.slot())
        });

        // Owned at once, so that every return below frees it.
        let model = NonNull::new(raw).map(Self::own);
        if let Some(panic) = progress.panic {
            std::panic::resume_unwind(panic);
        }
        if progress.cancelled {
            return Err(Error::new(ErrorCode::LoadCancelled, format!("the load of {name} was cancelled")));
        }
        let Some(model) = model else {
            return Err(error.refusal(logged).naming(path, name).load_error(name));
        };
        model.check_use(name)?;
        Ok(model)
    }

    /// Takes over a model that was just loaded.
    fn own(raw: NonNull<sys::llama_model>) -> Self {
        // SAFETY: the model is alive; its vocabulary is a part of it and lives as long.
        let (vocab, token_count) = unsafe {
            let vocab = sys::llama_model_get_vocab(raw.as_ptr());
            (vocab, sys::llama_vocab_n_tokens(vocab))
        };
        let vocab = NonNull::new(vocab.cast_mut()).expect("llama.cpp returns the address of a member");
        Self { raw, vocab, token_count }
    }

    /// Refuses a model that can neither hold a conversation nor make embeddings.
    fn check_use(&self, name: &str) -> Result<()> {
        let raw = self.raw.as_ptr();
        // SAFETY: the model and its vocabulary are alive; these functions only read.
        let (decodes, encodes, diffuses, vocab_type) = unsafe {
            (
                sys::llama_model_has_decoder(raw),
                sys::llama_model_has_encoder(raw),
                sys::llama_model_is_diffusion(raw),
                sys::llama_vocab_type(self.vocab.as_ptr()),
            )
        };
        let kind = if encodes || !decodes {
            "it is the encoder of another model, or has one"
        } else if diffuses {
            "it is a diffusion model"
        } else if vocab_type == sys::LLAMA_VOCAB_TYPE_NONE || self.token_count <= 0 {
            "it has no vocabulary"
        } else {
            return Ok(());
        };
        let detail = format!("{name} cannot be used here: {kind} - use a chat model or an embedding model");
        Err(Error::new(ErrorCode::ModelUnsupported, detail))
    }

    pub fn as_ptr(&self) -> *mut sys::llama_model {
        self.raw.as_ptr()
    }

    pub fn token_count(&self) -> usize {
        usize::try_from(self.token_count).unwrap_or(0)
    }

    /// Whether `token` belongs to the vocabulary. llama.cpp aborts on one that does not.
    pub fn has_token(&self, token: Token) -> bool {
        (0..self.token_count).contains(&token)
    }

    /// The bytes of a token. Control tokens have bytes only with `special`.
    pub fn piece(&self, token: Token, special: bool) -> Vec<u8> {
        if !self.has_token(token) {
            return Vec::new();
        }
        let mut bytes = vec![0_u8; 32];
        loop {
            let size = i32::try_from(bytes.len()).expect("a token is shorter than 2 GiB");
            // SAFETY: the vocabulary is alive, the token belongs to it, and the buffer has `size` writable bytes.
            let length = unsafe {
                let buffer = bytes.as_mut_ptr().cast::<c_char>();
                sys::llama_token_to_piece(self.vocab.as_ptr(), token, buffer, size, 0, special)
            };
            match usize::try_from(length) {
                Ok(length) => {
                    bytes.truncate(length);
                    return bytes;
                }
                // A negative length is the negated size that is needed.
                Err(_) => bytes.resize(length.unsigned_abs() as usize, 0),
            }
        }
    }

    pub fn is_control(&self, token: Token) -> bool {
        // SAFETY: the vocabulary is alive, and the token belongs to it.
        self.has_token(token) && unsafe { sys::llama_vocab_is_control(self.vocab.as_ptr(), token) }
    }

    pub fn is_end(&self, token: Token) -> bool {
        // SAFETY: the vocabulary is alive, and the token belongs to it.
        self.has_token(token) && unsafe { sys::llama_vocab_is_eog(self.vocab.as_ptr(), token) }
    }

    /// The token that every prompt of this model begins with, if it asks for one.
    pub fn first_token(&self) -> Option<Token> {
        // SAFETY: the vocabulary is alive; these functions only read.
        let (wanted, token) =
            unsafe { (sys::llama_vocab_get_add_bos(self.vocab.as_ptr()), sys::llama_vocab_bos(self.vocab.as_ptr())) };
        (wanted && self.has_token(token)).then_some(token)
    }

    /// Tokenizes a text. With `parse_special`, names of control tokens in the text become those tokens.
    pub fn tokenize(
        &self,
        text: &str,
        around: SpecialTokens,
        parse_special: bool,
    ) -> std::result::Result<Vec<Token>, String> {
        if around == SpecialTokens::Default && !self.has_tokens_around() {
            return Err("its vocabulary lacks the tokens that it wants around a text".to_owned());
        }
        let mut tokens = Tokens::none();
        let mut error = ShimError::new();
        // SAFETY: the vocabulary is alive, the text outlives the call, and both results are owned here.
        let done = unsafe {
            let (vocab, bytes) = (self.vocab.as_ptr(), text.as_ptr().cast());
            let add_special = around == SpecialTokens::Default;
            shim::shim_tokenize(vocab, bytes, text.len(), add_special, parse_special, tokens.slot(), error.slot())
        };
        if done { Ok(tokens.as_slice().to_vec()) } else { Err(error.text("llama.cpp could not tokenize")) }
    }

    /// Whether the vocabulary has the special tokens that it puts around a text. llama.cpp asserts that while it
    /// tokenizes.
    fn has_tokens_around(&self) -> bool {
        let vocab = self.vocab.as_ptr();
        // SAFETY: the vocabulary is alive; these functions only read.
        unsafe {
            let words = sys::llama_vocab_type(vocab) == sys::LLAMA_VOCAB_TYPE_WPM;
            let (first, last) = (words || sys::llama_vocab_get_add_bos(vocab), sys::llama_vocab_get_add_eos(vocab));
            (!first || self.has_token(sys::llama_vocab_bos(vocab)))
                && (!last || self.has_token(sys::llama_vocab_eos(vocab)))
                && (!words || self.has_token(sys::llama_vocab_sep(vocab)))
        }
    }

    /// A number, boolean or text of the file's header, under the architecture's prefix.
    pub fn own_value(&self, key: &str) -> Option<String> {
        let architecture = self.value("general.architecture")?;
        self.value(&format!("{architecture}.{key}"))
    }

    fn value(&self, key: &str) -> Option<String> {
        let key = CString::new(key).ok()?;
        let mut bytes = [0_u8; 128];
        // SAFETY: the model is alive, the key outlives the call, and the buffer has as many writable bytes as is said.
        let length = unsafe {
            sys::llama_model_meta_val_str(self.raw.as_ptr(), key.as_ptr(), bytes.as_mut_ptr().cast(), bytes.len())
        };
        let length = usize::try_from(length).ok()?.min(bytes.len() - 1);
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    /// The length of an embedding.
    pub fn embedding_length(&self) -> usize {
        // SAFETY: the model is alive; the function only reads.
        usize::try_from(unsafe { sys::llama_model_n_embd_out(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// llama.cpp's one-line description, such as "llama 1B Q4_0".
    pub fn description(&self) -> String {
        let mut bytes = [0_u8; 128];
        // SAFETY: the model is alive, and the buffer has as many writable bytes as is said.
        let length = unsafe { sys::llama_model_desc(self.raw.as_ptr(), bytes.as_mut_ptr().cast(), bytes.len()) };
        let length = usize::try_from(length).unwrap_or(0).min(bytes.len() - 1);
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// Bytes of all tensors.
    pub fn size_bytes(&self) -> u64 {
        // SAFETY: the model is alive; the function only reads.
        unsafe { sys::llama_model_size(self.raw.as_ptr()) }
    }

    pub fn parameter_count(&self) -> u64 {
        // SAFETY: the model is alive; the function only reads.
        unsafe { sys::llama_model_n_params(self.raw.as_ptr()) }
    }

    /// The context size that the model was trained with.
    pub fn trained_context_size(&self) -> u32 {
        // SAFETY: the model is alive; the function only reads.
        u32::try_from(unsafe { sys::llama_model_n_ctx_train(self.raw.as_ptr()) }).unwrap_or(0)
    }

    pub fn layers(&self) -> u32 {
        // SAFETY: the model is alive; the function only reads.
        u32::try_from(unsafe { sys::llama_model_n_layer(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// Names of the devices that hold the weights.
    pub fn device_names(&self) -> Vec<String> {
        // SAFETY: the model is alive; these functions only read, the second one for an index below the count.
        let gpus = unsafe {
            let count = shim::shim_model_device_count(self.raw.as_ptr());
            (0..count).map(|index| devices::name(shim::shim_model_device(self.raw.as_ptr(), index))).collect::<Vec<_>>()
        };
        if gpus.is_empty() { devices::processor().into_iter().collect() } else { gpus }
    }

    /// The chat template in the file: the default one, or the one called `name`.
    pub fn chat_template(&self, name: Option<&CStr>) -> Option<String> {
        let name = name.map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: the model is alive, and the name outlives the call.
        let text = unsafe { sys::llama_model_chat_template(self.raw.as_ptr(), name) };
        if text.is_null() {
            return None;
        }
        // SAFETY: llama.cpp returns a NUL-terminated text that lives as long as the model.
        Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    }

    /// The tokens that the model's attention window spans; 0 if it has no window.
    pub fn window(&self) -> u32 {
        // SAFETY: the model is alive; the function only reads.
        u32::try_from(unsafe { sys::llama_model_n_swa(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// Whether the memory holds a recurrent state, besides or instead of one entry per token.
    pub fn is_recurrent(&self) -> bool {
        // SAFETY: the model is alive; these functions only read.
        unsafe { sys::llama_model_is_recurrent(self.raw.as_ptr()) || sys::llama_model_is_hybrid(self.raw.as_ptr()) }
    }
}
