//! Compares output with snapshot files; `UPDATE_SNAPSHOTS=1` rewrites them.

use std::path::Path;

/// Compares `text` with `cli/src/snapshots/<name>.txt`.
pub(crate) fn check(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/snapshots");
    let path = folder.join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(&folder).expect("a folder for the snapshots");
        std::fs::write(&path, text).expect("the snapshot is written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{} differs; the output is:\n{text}",
        path.display()
    );
}
