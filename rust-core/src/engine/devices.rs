//! Chooses the device that gets a model's weights, and says why it is not a GPU. A pure rule over the backends of a
//! build and the devices it finds.

use crate::error::{Error, ErrorCode, Result};
use crate::protocol::{Device, DeviceKind, DevicePreference, GpuUnavailable, GpuUnavailableReason};

/// The devices that a build can compute on where it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devices {
    /// Every device that was found.
    pub found: Vec<Device>,
    /// The GPU backends of the build, such as "Metal", whether or not they find a GPU.
    pub gpu_backends: Vec<String>,
}

/// Where a model's weights go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceChoice {
    /// The kind of device that gets all of them.
    pub device: DeviceKind,
    /// Why a GPU does not get them. None if it does.
    pub gpu_unavailable: Option<GpuUnavailable>,
}

impl Devices {
    /// Where weights go under a preference. `InvalidOptions` if a GPU is asked for and there is none.
    pub fn choose(&self, preference: DevicePreference) -> Result<DeviceChoice> {
        let on_cpu = |gpu_unavailable| DeviceChoice { device: DeviceKind::Cpu, gpu_unavailable: Some(gpu_unavailable) };
        match (preference, self.gpu_unavailable()) {
            (DevicePreference::Auto | DevicePreference::Gpu, None) => {
                Ok(DeviceChoice { device: DeviceKind::Gpu, gpu_unavailable: None })
            }
            (DevicePreference::Auto | DevicePreference::Cpu, Some(gpu_unavailable)) => Ok(on_cpu(gpu_unavailable)),
            (DevicePreference::Cpu, None) => {
                let detail = "device 'cpu' was asked for - leave it out to use the GPU".to_owned();
                Ok(on_cpu(GpuUnavailable { reason: GpuUnavailableReason::NotWanted, detail }))
            }
            (DevicePreference::Gpu, Some(gpu_unavailable)) => {
                let detail = format!("model.device is 'gpu', but {} - use 'auto' or 'cpu'", gpu_unavailable.detail);
                Err(Error::new(ErrorCode::InvalidOptions, detail))
            }
        }
    }

    /// Why there is no GPU to choose. None if there is one.
    pub fn gpu_unavailable(&self) -> Option<GpuUnavailable> {
        if self.found.iter().any(|device| device.kind == DeviceKind::Gpu) {
            return None;
        }
        Some(if self.gpu_backends.is_empty() {
            GpuUnavailable {
                reason: GpuUnavailableReason::NotBuilt,
                detail: "this build has no code for GPUs".to_owned(),
            }
        } else {
            let detail = format!("this build finds no GPU that it could use by {}", self.gpu_backends.join(" or "));
            GpuUnavailable { reason: GpuUnavailableReason::NotFound, detail }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(found: &[DeviceKind], gpu_backends: &[&str]) -> Devices {
        let device = |kind: &DeviceKind| Device {
            name: format!("{kind:?}"),
            kind: *kind,
            description: "of a test".into(),
            memory_bytes: 1,
            features: vec![],
        };
        Devices {
            found: found.iter().map(device).collect(),
            gpu_backends: gpu_backends.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_gpu_is_used_where_there_is_one_and_what_keeps_it_from_that_is_told() {
        use DeviceKind::{Accelerator, Cpu, Gpu};
        use DevicePreference as Asked;
        use GpuUnavailableReason::{NotBuilt, NotFound, NotWanted};
        let refused = Err(ErrorCode::InvalidOptions);
        for (found, backends, asked, expected) in [
            (&[Cpu][..], &[][..], Asked::Auto, Ok((Cpu, Some(NotBuilt)))),
            (&[Cpu], &[], Asked::Cpu, Ok((Cpu, Some(NotBuilt)))),
            (&[Cpu], &[], Asked::Gpu, refused),
            (&[Accelerator, Cpu], &[], Asked::Auto, Ok((Cpu, Some(NotBuilt)))),
            (&[Cpu], &["Vulkan"], Asked::Auto, Ok((Cpu, Some(NotFound)))),
            (&[Cpu], &["Vulkan"], Asked::Cpu, Ok((Cpu, Some(NotFound)))),
            (&[Cpu], &["Vulkan"], Asked::Gpu, refused),
            (&[Gpu, Cpu], &["Metal"], Asked::Auto, Ok((Gpu, None))),
            (&[Gpu, Cpu], &["Metal"], Asked::Gpu, Ok((Gpu, None))),
            (&[Gpu, Cpu], &["Metal"], Asked::Cpu, Ok((Cpu, Some(NotWanted)))),
        ] {
            let chosen = devices(found, backends).choose(asked);
            let told = chosen
                .map(|choice| (choice.device, choice.gpu_unavailable.map(|gpu_unavailable| gpu_unavailable.reason)));
            assert_eq!(told.map_err(|error| error.code), expected, "{asked:?} of {found:?} by {backends:?}");
        }
    }

    #[test]
    fn reasons_are_for_people_too() {
        let detail =
            |devices: Devices, asked| devices.choose(asked).map(|choice| choice.gpu_unavailable.map(|it| it.detail));
        let gpu = devices(&[DeviceKind::Gpu], &["Metal"]);
        let wanted = "device 'cpu' was asked for - leave it out to use the GPU";
        assert_eq!(detail(gpu, DevicePreference::Cpu), Ok(Some(wanted.to_owned())));
        let missing = "this build finds no GPU that it could use by Vulkan or OpenCL";
        let none = devices(&[DeviceKind::Cpu], &["Vulkan", "OpenCL"]);
        assert_eq!(detail(none.clone(), DevicePreference::Auto), Ok(Some(missing.to_owned())));
        let error = detail(none, DevicePreference::Gpu).expect_err("there is none");
        assert_eq!(error.detail, format!("model.device is 'gpu', but {missing} - use 'auto' or 'cpu'"));
    }
}
