//! Groups a repository's files into models: one per quantization, with all parts of split ones. Pure.

use std::collections::BTreeMap;

use super::{Repository, RepositoryFile, quantization};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{FileName, HubName, HubSelection};

/// The quantization for a name without one.
const USUAL: &str = "Q4_K_M";
/// Preferred types of projectors: the ones that every device computes fast come first.
const PROJECTORS: [&str; 4] = ["F16", "BF16", "Q8_0", "F32"];

/// A model in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The quantization in the file's name; `None` if there is none.
    pub quantization: Option<String>,
    /// All parts, in order.
    pub files: Vec<RepositoryFile>,
    /// Size of all parts.
    pub bytes: u64,
}

impl Variant {
    /// The file's name without quantization and part number: equal for all quantizations of a model whose files are
    /// named as usual.
    pub fn family(&self) -> String {
        let path = self.files.first().map(|file| file.path.to_ascii_uppercase()).unwrap_or_default();
        let own = path.rsplit('/').next().unwrap_or_default();
        let stem = own.strip_suffix(".GGUF").unwrap_or(own);
        let part = if self.files.len() > 1 { "-00001-OF-00002".len() } else { 0 };
        let stem = stem.get(..stem.len().saturating_sub(part)).unwrap_or(stem);
        let at = self.quantization.as_deref().and_then(|name| Some((stem.rfind(name)?, name.len())));
        let stem =
            at.map_or_else(|| stem.to_owned(), |(at, length)| format!("{}{}", &stem[..at], &stem[at + length..]));
        stem.trim_matches(['-', '_', '.']).to_owned()
    }
}

impl Repository {
    /// Every complete model, smallest first.
    pub fn variants(&self) -> Vec<Variant> {
        let files: BTreeMap<&str, &RepositoryFile> = self.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let weights = self.files.iter().filter(|file| !is_projector(file) && !is_matrix(file));
        let mut variants: Vec<_> = weights.filter_map(|file| variant(file, &files)).collect();
        variants.sort_by(|one, other| (one.bytes, &one.files[0].path).cmp(&(other.bytes, &other.files[0].path)));
        variants
    }

    /// The projector, if there is one.
    pub fn projector(&self) -> Option<&RepositoryFile> {
        let rank = |file: &RepositoryFile| {
            let quantization = quantization(&file.path);
            PROJECTORS.iter().position(|name| quantization.as_deref() == Some(name)).unwrap_or(PROJECTORS.len())
        };
        let projectors = self.files.iter().filter(|file| is_projector(file));
        projectors.min_by(|one, other| (rank(one), &one.path).cmp(&(rank(other), &other.path)))
    }

    /// The variant that a name selects. Fails with `ModelNotFound`, which lists the alternatives.
    pub fn select(&self, name: &HubName) -> Result<Variant> {
        let mut variants = self.variants();
        let meant = |variant: &Variant| match name.selection() {
            HubSelection::Any => variant.quantization.as_deref() == Some(USUAL),
            HubSelection::Quantization(quantization) => variant.quantization.as_ref() == Some(quantization),
            HubSelection::File(path) => variant.files.iter().any(|file| file.path == *path),
        };
        let indexes: Vec<_> = (0..variants.len()).filter(|&at| meant(&variants[at])).collect();
        match (indexes[..].first(), indexes.len(), name.selection()) {
            (Some(&at), 1, _) => Ok(variants.swap_remove(at)),
            (None, _, HubSelection::Any) if variants.len() == 1 => Ok(variants.remove(0)),
            (None, _, _) => Err(self.none(name, &variants)),
            (Some(_), _, _) => {
                let paths: Vec<_> = indexes.iter().map(|&at| variants[at].files[0].path.as_str()).collect();
                let detail =
                    format!("{name} may be any of {} - name the file: hf:{}/FILE", paths.join(", "), self.name);
                Err(Error::new(ErrorCode::ModelNotFound, detail))
            }
        }
    }

    fn none(&self, name: &HubName, variants: &[Variant]) -> Error {
        let mut known: Vec<_> = variants.iter().filter_map(|variant| variant.quantization.as_deref()).collect();
        known.dedup();
        let known = match (known.is_empty(), variants.is_empty()) {
            (_, true) => "it has no whole GGUF model - look for a repository that ends in -GGUF".to_owned(),
            (true, false) => format!("name one of its {} files", variants.len()),
            (false, false) => format!("it has {} - name one of them", known.join(", ")),
        };
        Error::new(ErrorCode::ModelNotFound, format!("there is no {name}: {known}"))
    }
}

fn own_name(file: &RepositoryFile) -> String {
    file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

fn is_projector(file: &RepositoryFile) -> bool {
    own_name(file).contains("mmproj")
}

/// Whether a file is an importance matrix, which is stored as GGUF too.
fn is_matrix(file: &RepositoryFile) -> bool {
    own_name(file).contains("imatrix")
}

/// The model that a file starts; `None` for a later part, and for a model with missing parts.
fn variant(first: &RepositoryFile, all: &BTreeMap<&str, &RepositoryFile>) -> Option<Variant> {
    let folder = first.path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
    let own = FileName::new(&first.path[folder.len()..]).ok()?;
    let parts = own.parts();
    if parts.first() != Some(&own) {
        return None;
    }
    let part = |part: &FileName| all.get(format!("{folder}{part}").as_str()).map(|file| (*file).clone());
    let files: Vec<_> = parts.iter().map(part).collect::<Option<_>>()?;
    let bytes = files.iter().map(|file| file.bytes).sum();
    Some(Variant { quantization: quantization(&first.path), files, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ModelName;

    fn repository(files: &[(&str, u64)]) -> Repository {
        let file = |(path, bytes): &(&str, u64)| RepositoryFile { path: (*path).into(), bytes: *bytes, sha256: None };
        Repository { name: "org/repo".into(), commit: "c0ffee".into(), files: files.iter().map(file).collect() }
    }

    fn select(repository: &Repository, name: &str) -> Result<Vec<String>> {
        let ModelName::Hub(name) = ModelName::parse(name).expect("a name") else { panic!("{name} is not the hub's") };
        repository.select(&name).map(|variant| variant.files.into_iter().map(|file| file.path).collect())
    }

    #[test]
    fn variants_are_whole_and_sorted_by_size() {
        let repository = repository(&[
            ("big-Q8_0-00002-of-00002.gguf", 50),
            ("big-Q8_0-00001-of-00002.gguf", 40),
            ("Q6_K/big-Q6_K-00001-of-00002.gguf", 30),
            ("big-Q4_K_M.gguf", 60),
            ("mmproj-big-f16.gguf", 7),
            ("big.imatrix.gguf", 3),
            ("plain.gguf", 100),
        ]);
        let found: Vec<_> = repository
            .variants()
            .into_iter()
            .map(|variant| (variant.quantization, variant.files.len(), variant.bytes))
            .collect();
        let expected = [(Some("Q4_K_M".into()), 1, 60), (Some("Q8_0".into()), 2, 90), (None, 1, 100)];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_quantizations_of_one_model_are_one_family() {
        let repository = repository(&[
            ("big-Q8_0-00002-of-00002.gguf", 50),
            ("big-Q8_0-00001-of-00002.gguf", 40),
            ("big.q4_k_m.gguf", 10),
            ("F16/big.gguf", 100),
            ("big-UD-Q2_K_XL.gguf", 5),
            ("draft-Q8_0.gguf", 4),
            ("Q4_0.gguf", 3),
        ]);
        let families: Vec<_> = repository.variants().iter().map(Variant::family).collect();
        assert_eq!(families, ["", "DRAFT", "BIG", "BIG", "BIG", "BIG"]);
    }

    #[test]
    fn a_name_means_one_variant_or_says_what_there_is() {
        let many = repository(&[
            ("big-Q8_0-00001-of-00002.gguf", 40),
            ("big-Q8_0-00002-of-00002.gguf", 50),
            ("big-Q4_K_M.gguf", 60),
            ("a/big-Q2_K.gguf", 10),
            ("b/big-Q2_K.gguf", 11),
        ]);
        let q8 = ["big-Q8_0-00001-of-00002.gguf".to_owned(), "big-Q8_0-00002-of-00002.gguf".to_owned()];
        for (name, expected) in [
            ("hf:org/repo", Some(&["big-Q4_K_M.gguf".to_owned()][..])),
            ("hf:org/repo:q8_0", Some(&q8[..])),
            ("hf:org/repo/big-Q8_0-00002-of-00002.gguf", Some(&q8[..])),
            ("hf:org/repo/b/big-Q2_K.gguf", Some(&["b/big-Q2_K.gguf".to_owned()][..])),
            ("hf:org/repo:Q2_K", None),
            ("hf:org/repo:Q3_K", None),
            ("hf:org/repo/none.gguf", None),
        ] {
            let found = select(&many, name);
            match expected {
                Some(expected) => assert_eq!(found.as_deref(), Ok(expected), "{name}"),
                None => assert_eq!(found.map_err(|error| error.code), Err(ErrorCode::ModelNotFound), "{name}"),
            }
        }
        let error = select(&many, "hf:org/repo:Q3_K").expect_err("none").detail;
        assert_eq!(error, "there is no hf:org/repo:Q3_K: it has Q2_K, Q4_K_M, Q8_0 - name one of them");
        let error = select(&many, "hf:org/repo:Q2_K").expect_err("two").detail;
        assert!(error.contains("a/big-Q2_K.gguf, b/big-Q2_K.gguf"), "{error}");
        // A single variant needs no name.
        assert!(select(&repository(&[("chat.gguf", 1)]), "hf:org/repo").is_ok());
        assert!(select(&repository(&[("a.gguf", 1), ("b.gguf", 1)]), "hf:org/repo").is_err());
        assert!(select(&repository(&[]), "hf:org/repo").is_err());
    }

    #[test]
    fn the_projector_is_the_one_that_computes_fast() {
        let projector = |names: &[&str]| {
            let files: Vec<_> = names.iter().map(|name| (*name, 1)).collect();
            repository(&files).projector().map(|file| file.path.clone())
        };
        assert_eq!(
            projector(&["mmproj-BF16.gguf", "mmproj-F16.gguf", "x-F16.gguf"]).as_deref(),
            Some("mmproj-F16.gguf")
        );
        assert_eq!(projector(&["mmproj.gguf", "mmproj-F32.gguf"]).as_deref(), Some("mmproj-F32.gguf"));
        assert_eq!(projector(&["x-F16.gguf"]), None);
    }
}
