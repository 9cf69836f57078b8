//! Generated files under `api-spec/`: compared in tests, rewritten with `UPDATE_EXPECT=1`.

use std::path::PathBuf;

/// Fails when the committed file differs; rewrites it when `UPDATE_EXPECT` is set.
pub(crate) fn assert_fresh(name: &str, generated: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../api-spec").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, generated).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "api-spec/{name} is stale: run the tests with UPDATE_EXPECT=1 and commit it"
    );
}
