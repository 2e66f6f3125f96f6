//! The service that records come from: its identity by configuration, and else that of the running program.

use std::sync::OnceLock;

/// The service that the records come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) environment: String,
    /// The configured version; if it is empty, [`version`](Self::version) returns that of the program's package.
    pub(crate) version: String,
    pub(crate) host: String,
}

impl Service {
    /// Returns the configured version, else that of the package with the annotated functions.
    pub(crate) fn version(&self) -> &str {
        if self.version.is_empty() {
            package_version().unwrap_or("0.0.0")
        } else {
            &self.version
        }
    }
}

/// Returns the name of the running program: that of its binary crate, unless the file was renamed.
pub(crate) fn program_name() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(|path| path.file_stem());
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match without_hash(&name) {
        "" => "unknown_service".to_owned(),
        name => name.to_owned(),
    }
}

/// Returns a name without the hash that Cargo appends to the programs of tests.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((rest, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            rest
        }
        _ => name,
    }
}

/// The package that a callsite was compiled in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    version: &'static str,
    is_program: bool,
}

impl Package {
    /// The package of a callsite that is not a user's.
    pub(crate) const UNKNOWN: Self = Self::new(None, None);

    /// Creates the package from its version, and from the name of the binary, if it is one.
    pub(crate) const fn new(version: Option<&'static str>, binary: Option<&'static str>) -> Self {
        Self {
            version: match version {
                Some(version) => version,
                None => "",
            },
            is_program: binary.is_some(),
        }
    }
}

/// The versions of packages whose callsites were used: of a binary, of a library of the workspace, and of a dependency.
static VERSIONS: [OnceLock<&'static str>; 3] = [const { OnceLock::new() }; 3];

/// Keeps the version of the first package of its rank. Called once for each callsite.
pub(crate) fn observe_package(package: Package, file: &str) {
    if package.version.is_empty() {
        return;
    }
    // Cargo compiles the packages of a workspace with relative paths, and those of a registry with absolute ones.
    let is_dependency = std::path::Path::new(file).is_absolute();
    let rank = match (package.is_program, is_dependency) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    };
    VERSIONS[rank].get_or_init(|| package.version);
}

fn package_version() -> Option<&'static str> {
    VERSIONS.iter().find_map(OnceLock::get).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_tests_program_is_not_part_of_its_name() {
        assert_eq!(without_hash("it-0123456789abcdef"), "it");
        assert_eq!(without_hash("rag-api"), "rag-api");
        assert_eq!(without_hash("rag-0123456789abcdeg"), "rag-0123456789abcdeg");
        assert!(program_name().starts_with("ragspan"), "{}", program_name());
    }

    #[test]
    fn a_configured_version_precedes_that_of_a_package() {
        let service = Service {
            version: "7.0.0".to_owned(),
            ..Service::default()
        };
        assert_eq!(service.version(), "7.0.0");
    }
}
