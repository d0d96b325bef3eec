//! Repositories with Hugging Face's API: the commit of a branch, its tree, and files, of which the large ones are on
//! another server.

use llama_rs_core::store::Digest;

use super::{Act, Served, Server};

/// A file of a repository: path, content, and whether it is large.
pub type File<'a> = (&'a str, &'a [u8], bool);

/// Makes `hub` serve the repository `name`, whose branch `main` is at `commit`. Large files come from `cdn`.
pub fn put_repository(hub: &Server, cdn: &Server, name: &str, commit: &str, files: &[File<'_>]) {
    let api = format!("/api/models/{name}");
    hub.site.put(&format!("{api}/revision/main"), Served::new(format!("{{\"sha\":\"{commit}\"}}")));
    let entries: Vec<String> = files.iter().map(|file| entry(*file)).collect();
    hub.site.put(&format!("{api}/tree/{commit}"), Served::new(format!("[{}]", entries.join(","))));
    for (path, content, large) in files {
        let resolve = format!("/{name}/resolve/{commit}/{path}");
        if !large {
            hub.site.put(&resolve, Served::new(content.to_vec()));
            continue;
        }
        let sha256 = Digest::of(content);
        cdn.site.put(&format!("/{sha256}"), Served { etag: Some("\"cdn\"".into()), ..Served::new(content.to_vec()) });
        let headers = vec![
            ("location", cdn.url(&format!("/{sha256}?signature=secret"))),
            ("x-linked-etag", format!("\"{sha256}\"")),
            ("x-linked-size", content.len().to_string()),
        ];
        hub.site.always(&resolve, Act::Status(302, headers));
    }
}

/// A file's entry in a tree.
pub fn entry((path, content, large): File<'_>) -> String {
    let (size, sha256) = (content.len(), Digest::of(content));
    let lfs = format!(",\"lfs\":{{\"oid\":\"{sha256}\",\"size\":{size},\"pointerSize\":130}}");
    format!("{{\"type\":\"file\",\"oid\":\"0\",\"size\":{size},\"path\":\"{path}\"{}}}", if large { &lfs } else { "" })
}
