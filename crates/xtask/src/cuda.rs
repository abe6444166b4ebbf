//! Linking against a full libtorch, for GPUs.
//!
//! torch-sys names `libtorch_cuda`, but nothing in a Rust program refers to it,
//! so the linker (`--as-needed` is rustc's default) drops it and the program
//! finds no GPU. Asking for it by a global `--no-as-needed -ltorch_cuda` would
//! put it into build scripts and procedural macros as well. Instead
//! `LIBTORCH_LIB` points torch-sys to a folder of linker scripts in the cache:
//! each names the true library, and the one for `libtorch_cuda` adds an object
//! file that refers to it. Only programs that link torch get it that way.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cache::Cache;
use crate::config::{Config, Source};
use crate::error::{Error, Result};
use crate::libtorch;

const ENTRY: &str = "libtorch-cuda-link";

/// A C file whose object needs `at::cuda::warp_size()` and does nothing: a
/// constructor, since the linker removes what nobody refers to.
const KEEP: &str = "\
extern int _ZN2at4cuda9warp_sizeEv(void);
__attribute__((constructor)) static void keep_torch_cuda(void) {
  __asm__ volatile(\"\" : : \"r\"(&_ZN2at4cuda9warp_sizeEv));
}
";

/// A full libtorch and the folder to link through.
#[derive(Debug)]
pub(crate) struct Cuda {
    pub(crate) dir: PathBuf,
    pub(crate) source: Source,
    pub(crate) link: PathBuf,
}

/// The libtorch in `LIBTORCH`, else that of python3's torch package.
pub(crate) fn resolve(cache: &Cache, recorded: Option<&Config>) -> Result<Cuda> {
    let own = libtorch::user_choice(recorded)
        .or_else(|| Some(recorded.filter(|c| c.source == Source::User)?.libtorch.clone()));
    let (dir, source) = match own {
        Some(dir) => (dir, Source::User),
        None => (python_torch()?, Source::Python),
    };
    const TODO: &str = "set LIBTORCH to a full libtorch 2.11.0 for CUDA, or unset it (and delete .cargo/libtorch.toml) to use python3's torch";
    libtorch::validate(&dir, "", TODO)?;
    if !dir.join("lib/libtorch_cuda.so").exists() {
        let why = "it is a build for the CPU: it has no lib/libtorch_cuda.so".into();
        return Err(Error::BadLibtorch { dir, origin: "", why, todo: TODO });
    }
    let link = link_folder(cache, &dir)?;
    Ok(Cuda { dir, source, link })
}

/// Where python3's torch package lies, without importing it (which takes
/// seconds and may fail for reasons that do not matter here).
pub(crate) fn python_torch() -> Result<PathBuf> {
    const FIND: &str = "import importlib.util as u; s = u.find_spec('torch'); \
                        print(s.submodule_search_locations[0] if s else '')";
    let python: OsString = "python3".into();
    let output = Command::new(&python)
        .args(["-c", FIND])
        .stderr(Stdio::null())
        .output()
        .map_err(|e| Error::NoPythonTorch(format!("cannot run python3: {e}")))?;
    let dir = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || dir.is_empty() {
        return Err(Error::NoPythonTorch("the package is not installed".into()));
    }
    let dir = PathBuf::from(dir);
    match libtorch::version_of(&dir) {
        Some(v) if v.starts_with(libtorch::VERSION_PREFIX) => Ok(dir),
        Some(v) => Err(Error::NoPythonTorch(format!("its torch is version {v}"))),
        None => Err(Error::NoPythonTorch(format!("no version in {}", dir.display()))),
    }
}

/// Makes the folder of linker scripts anew: it is small, and tied to `dir`.
fn link_folder(cache: &Cache, dir: &Path) -> Result<PathBuf> {
    let lock = cache.lock()?;
    let temp = lock.temp(1 << 20)?;
    let made = temp.path().join("made");
    let lib = made.join("lib");
    fs::create_dir_all(&lib).map_err(Error::io("make", &lib))?;

    let source = temp.path().join("keep.c");
    fs::write(&source, KEEP).map_err(Error::io("write", &source))?;
    let object = lib.join("keep_torch_cuda.o");
    let mut compiler = Command::new("c++");
    compiler.args(["-x", "c", "-O1", "-fPIC", "-c"]).arg(&source).arg("-o").arg(&object);
    let spawn = |source| Error::Spawn { program: "c++ (install g++ or clang)".into(), source };
    let status = compiler.status().map_err(spawn)?;
    if !status.success() {
        return Err(Error::Step {
            name: "setup --cuda".into(),
            status: status.to_string(),
            command: format!("{compiler:?}"),
        });
    }

    let place = cache.entry(ENTRY);
    for name in ["libtorch_cpu.so", "libc10.so", "libtorch.so", "libtorch_cuda.so"] {
        let real = quoted(&dir.join("lib").join(name))?;
        let script = if name == "libtorch_cuda.so" {
            let object = quoted(&place.join("lib/keep_torch_cuda.o"))?;
            format!("INPUT ( {object} {real} )\n")
        } else {
            format!("INPUT ( {real} )\n")
        };
        let path = lib.join(name);
        fs::write(&path, script).map_err(Error::io("write", &path))?;
    }
    lock.publish(&made, ENTRY)
}

fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|t| !t.contains(['"', '\n']));
    text.map(|t| format!("\"{t}\"")).ok_or_else(|| Error::Path(path.to_path_buf()))
}
