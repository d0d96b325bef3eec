//! llama.cpp's parameters of a load.

use llama_cpp_sys_2 as sys;

use crate::protocol::DeviceKind;

/// The parameters of a load on one kind of device.
pub(super) struct ModelOptions {
    pub params: sys::llama_model_params,
    /// The empty list that `params` points to for the CPU.
    _no_devices: Box<[sys::ggml_backend_dev_t; 1]>,
}

impl ModelOptions {
    pub fn new(device: DeviceKind) -> Self {
        let mut no_devices = Box::new([std::ptr::null_mut()]);
        // SAFETY: a plain function without arguments.
        let mut params = unsafe { sys::llama_model_default_params() };
        if device == DeviceKind::Cpu {
            params.devices = no_devices.as_mut_ptr();
            params.n_gpu_layers = 0;
        }
        Self { params, _no_devices: no_devices }
    }

    pub fn params(&self) -> &sys::llama_model_params {
        &self.params
    }
}
