//! libtorch: the user's own, the cached copy, or a new one fetched.

use std::fs;
use std::path::{Path, PathBuf};

use crate::archive;
use crate::cache::{self, Cache, Lock};
use crate::config::{self, Config, Source};
use crate::error::{Error, Result};
use crate::fetch::{self, Purpose, Wheel};

/// What tch 0.24 is made for.
pub(crate) const VERSION: &str = "2.11.0";
/// As [`VERSION`], whatever the patch release.
pub(crate) const VERSION_PREFIX: &str = "2.11.";

const ENTRY: &str = "libtorch-2.11.0-cpu";
const ARCHIVE_URL: &str =
    "https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.11.0%2Bcpu.zip";
/// Room for the wheel (twice, while pip moves it) and what is unpacked.
pub(crate) const BYTES: u64 = 1_200_000_000;
const PURPOSE: Purpose = Purpose {
    what: "libtorch 2.11.0",
    instead: "set LIBTORCH to the folder of an unpacked libtorch 2.11.0, or name its zip file by `cargo xtask setup --libtorch-url`",
};

/// The PyPI build is the one for CUDA, but its `libtorch_cpu.so` works alone
/// once it finds the two small CUDA libraries it names.
const TORCH: Wheel = Wheel {
    package: "torch",
    version: VERSION,
    file: "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
    bytes: 530_712_279,
};
const CUDART: Wheel = Wheel {
    package: "nvidia-cuda-runtime",
    version: "13.0.96",
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    bytes: 2_243_632,
};
const CUPTI: Wheel = Wheel {
    package: "nvidia-cuda-cupti",
    version: "13.0.85",
    file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
    sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    bytes: 10_715_597,
};

/// The `LIBTORCH` that the user has set, as opposed to the one cargo took from
/// `.cargo/libtorch.toml` when it started us.
pub(crate) fn user_choice(recorded: Option<&Config>) -> Option<PathBuf> {
    let set = PathBuf::from(std::env::var_os("LIBTORCH").filter(|v| !v.is_empty())?);
    let ours = recorded.is_some_and(|c| c.libtorch == set);
    (!ours).then_some(set)
}

/// The libtorch for the CPU: the user's, else the cached one, else a new one.
/// `url` names an archive to take instead of PyPI's wheel.
pub(crate) fn resolve(
    cache: &Cache,
    recorded: Option<&Config>,
    url: Option<&str>,
) -> Result<(PathBuf, Source)> {
    if let Some(dir) = user_choice(recorded) {
        const TODO: &str =
            "name a folder with libtorch 2.11.0, or unset LIBTORCH to have it fetched";
        validate(&dir, "", TODO)?;
        return Ok((dir, Source::User));
    }
    if let Some(own) = recorded.filter(|c| c.source == Source::User) {
        const TODO: &str = "delete .cargo/libtorch.toml to have libtorch fetched, or set LIBTORCH to a folder with libtorch 2.11.0";
        validate(&own.libtorch, "(recorded in .cargo/libtorch.toml) ", TODO)?;
        return Ok((own.libtorch.clone(), Source::User));
    }
    if let Some(dir) = cache.complete(ENTRY) {
        if url.is_some() {
            eprintln!("xtask: {} is complete; delete it to fetch again", dir.display());
        }
        return Ok((dir, Source::Cache));
    }
    // Before half a gigabyte is fetched to a place where it is of no use.
    config::check_path(cache.root())?;
    let lock = cache.lock()?;
    // Another process may have fetched it while we waited.
    let dir = match cache.complete(ENTRY) {
        Some(dir) => dir,
        None => install(&lock, url)?,
    };
    Ok((dir, Source::Cache))
}

/// The cached copy, for `doctor`.
pub(crate) fn cached(cache: &Cache) -> Option<PathBuf> {
    cache.complete(ENTRY)
}

fn install(lock: &Lock<'_>, url: Option<&str>) -> Result<PathBuf> {
    if let Some(url) = url {
        return from_archive(lock, url);
    }
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    if (os, arch) != ("linux", "x86_64") {
        return Err(Error::Platform { os, arch });
    }
    if let Some(python) = fetch::python_with_pip() {
        return from_wheels(lock, &python);
    }
    eprintln!("xtask: there is no python3 with pip; taking libtorch's own archive");
    from_archive(lock, ARCHIVE_URL)
}

fn from_wheels(lock: &Lock<'_>, python: &std::ffi::OsString) -> Result<PathBuf> {
    let temp = lock.temp(BYTES)?;
    let wheels = fetch::wheels(python, &[TORCH, CUDART, CUPTI], temp.path(), PURPOSE)?;
    let made = temp.path().join("made");
    for wheel in &wheels {
        archive::extract(wheel, &made, place_of_wheel_file)?;
        // 530 MB that nobody needs any longer.
        fs::remove_file(wheel).map_err(Error::io("delete", wheel))?;
    }
    // The wheel's libtorch.so would pull in the CUDA half.
    write(&made.join("lib/libtorch.so"), "INPUT ( libtorch_cpu.so )\n")?;
    write(&made.join("build-version"), &format!("{VERSION}+cpu\n"))?;
    validate(&made, "", "")?;
    lock.publish(&made, ENTRY)
}

fn place_of_wheel_file(name: &str) -> Option<String> {
    const LIBS: [&str; 5] = [
        "torch/lib/libtorch_cpu.so",
        "torch/lib/libc10.so",
        "torch/lib/libgomp.so.1",
        "nvidia/cu13/lib/libcudart.so.13",
        "nvidia/cu13/lib/libcupti.so.13",
    ];
    if LIBS.contains(&name) {
        return Some(format!("lib/{}", name.rsplit('/').next()?));
    }
    name.strip_prefix("torch/include/").map(|rest| format!("include/{rest}"))
}

/// The official archive carries all the libraries it needs.
fn from_archive(lock: &Lock<'_>, url: &str) -> Result<PathBuf> {
    let temp = lock.temp(BYTES)?;
    let zip = fetch::url(url, temp.path(), PURPOSE).map_err(|error| match error {
        Error::Spawn { program, .. } if program == "curl" => Error::NoFetcher {
            what: PURPOSE.what.into(),
            why: "neither python3 with pip nor curl is here",
            todo: "install python3-pip or curl, or set LIBTORCH to an unpacked libtorch 2.11.0",
        },
        error => error,
    })?;
    let made = temp.path().join("made");
    archive::extract(&zip, &made, |name| {
        let rest = name.strip_prefix("libtorch/")?;
        let wanted = rest == "build-version"
            || rest.starts_with("include/")
            || (rest.starts_with("lib/") && rest.contains(".so"));
        wanted.then(|| rest.to_owned())
    })?;
    if !made.join("lib/libtorch_cpu.so").exists() {
        return Err(Error::ArchiveLacks { path: zip, what: "libtorch/lib/libtorch_cpu.so" });
    }
    validate(&made, "(unpacked) ", "name the archive of libtorch 2.11.0 for Linux, CPU")?;
    lock.publish(&made, ENTRY)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io("write", path))
}

/// An error if the folder has a [`fault`]. `origin` and `todo` are for the
/// message.
pub(crate) fn validate(dir: &Path, origin: &'static str, todo: &'static str) -> Result<()> {
    match fault(dir) {
        None => Ok(()),
        Some(why) => Err(Error::BadLibtorch { dir: dir.to_path_buf(), origin, why, todo }),
    }
}

/// Why the folder cannot be used: it lacks what torch-sys compiles and links
/// against, is damaged, or of another version.
pub(crate) fn fault(dir: &Path) -> Option<String> {
    if !dir.is_absolute() {
        return Some("it is not an absolute path".into());
    }
    if !dir.is_dir() {
        return Some("there is no such folder".into());
    }
    for needed in [
        "lib/libtorch_cpu.so",
        "lib/libtorch.so",
        "lib/libc10.so",
        "include/torch/csrc/api/include/torch/torch.h",
    ] {
        if !dir.join(needed).exists() {
            return Some(format!("it has no {needed}"));
        }
    }
    if let Some(damage) = cache::damage(dir) {
        return Some(format!("it is damaged: {damage}"));
    }
    match version_of(dir) {
        Some(version) if fits(dir, &version) => None,
        _ if std::env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some() => None,
        Some(version) => Some(format!("it is version {version}, and tch needs {VERSION}")),
        None => Some("its version cannot be found".into()),
    }
}

/// Patch releases keep the interface, but where there is a `build-version`,
/// torch-sys insists on the very one.
fn fits(dir: &Path, version: &str) -> bool {
    let number = version.split('+').next().unwrap_or_default();
    number == VERSION
        || (version.starts_with(VERSION_PREFIX) && !dir.join("build-version").exists())
}

/// The version a libtorch folder says it has: in the archive's `build-version`,
/// in the python package's `version.py`, or in the headers.
pub(crate) fn version_of(dir: &Path) -> Option<String> {
    if let Ok(text) = fs::read_to_string(dir.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    if let Ok(text) = fs::read_to_string(dir.join("version.py")) {
        let line = text.lines().find_map(|l| l.strip_prefix("__version__ = "))?;
        return Some(line.trim().trim_matches(['\'', '"']).to_owned());
    }
    let headers = ["torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"];
    headers.iter().find_map(|header| {
        let text = fs::read_to_string(dir.join("include").join(header)).ok()?;
        let number = |part: &str| {
            let define = format!("#define TORCH_VERSION_{part} ");
            let digits = text.lines().find_map(|l| l.strip_prefix(&define))?.trim();
            digits.parse::<u32>().ok()
        };
        Some(format!("{}.{}.{}", number("MAJOR")?, number("MINOR")?, number("PATCH")?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(version_file: &str, text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "lib/libtorch_cpu.so",
            "lib/libtorch.so",
            "lib/libc10.so",
            "include/torch/csrc/api/include/torch/torch.h",
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let path = dir.path().join(version_file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        dir
    }

    #[test]
    fn the_version_is_found_in_three_places() {
        let headers = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 11\n\
                       #define TORCH_VERSION_PATCH 0\n";
        for (file, text, version) in [
            ("build-version", "2.11.0+cpu\n", "2.11.0+cpu"),
            ("version.py", "x = 1\n__version__ = '2.11.0+cu130'\n", "2.11.0+cu130"),
            ("include/torch/headeronly/version.h", headers, "2.11.0"),
        ] {
            let dir = folder(file, text);
            assert_eq!(version_of(dir.path()).as_deref(), Some(version));
            validate(dir.path(), "", "").unwrap();
        }
    }

    #[test]
    fn a_wrong_folder_is_told_from_a_right_one() {
        let error = |dir: &Path| validate(dir, "", "do this").unwrap_err().to_string();
        assert!(error(Path::new("/nowhere/at/all")).contains("no such folder"));
        assert!(error(Path::new("relative")).contains("absolute"));
        let old = folder("build-version", "2.5.1+cpu");
        assert!(error(old.path()).contains("it is version 2.5.1+cpu, and tch needs 2.11.0"));
        // torch-sys looks at build-version, and only there.
        let patch = folder("build-version", "2.11.1+cpu");
        assert!(error(patch.path()).contains("2.11.1"));
        let patch = folder("version.py", "__version__ = '2.11.1+cu130'");
        validate(patch.path(), "", "").unwrap();
        // 2.110 is not 2.11.
        let new = folder("build-version", "2.110.0");
        assert!(error(new.path()).contains("2.110.0"));
        let lacking = folder("build-version", "2.11.0");
        fs::remove_file(lacking.path().join("lib/libc10.so")).unwrap();
        assert!(error(lacking.path()).contains("no lib/libc10.so; do this"));
    }

    #[test]
    fn of_the_wheel_only_what_the_cpu_needs() {
        let place = |name| place_of_wheel_file(name);
        assert_eq!(place("torch/lib/libtorch_cpu.so").as_deref(), Some("lib/libtorch_cpu.so"));
        assert_eq!(
            place("nvidia/cu13/lib/libcudart.so.13").as_deref(),
            Some("lib/libcudart.so.13")
        );
        assert_eq!(place("torch/include/c10/x.h").as_deref(), Some("include/c10/x.h"));
        for not in ["torch/lib/libtorch_cuda.so", "torch/lib/libtorch.so", "torch/version.py"] {
            assert_eq!(place(not), None);
        }
    }
}
