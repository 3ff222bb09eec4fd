//! The processes of the compose file, run natively: each with its output in a file, and all of them gone at the end.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
};

pub use infrastructure::scratch_process::{ScratchProcess as Running, free_address};

use crate::running::ava;

/// nginx with the configuration of the image.
pub struct Nginx {
    /// As `127.0.0.1:40123`.
    pub address: String,
    pub process: Running,
}

/// What the image's environment says otherwise.
pub struct NginxPlaces<'a> {
    pub backends: &'a [String],
    /// From where `X-Forwarded-For` is believed.
    pub trusted_proxy: &'a str,
    /// A directory with more of the server's configuration.
    pub extra: &'a Path,
}

impl Nginx {
    pub fn start(places: &NginxPlaces<'_>, directory: &Path) -> Self {
        let address = free_address();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let run_dir = directory.join("nginx");
        fs::create_dir_all(&run_dir).unwrap();
        let image = fs::read_to_string(root.join("Dockerfile")).unwrap();
        let (_, of_image) = image.split_once("AVA_BACKENDS=\"").unwrap();
        let (of_image, _) = of_image.split_once('"').unwrap();
        let backends: Vec<String> = places
            .backends
            .iter()
            .map(|one| of_image.replace("backend:8080 resolve", one))
            .collect();
        let mut configuration =
            fs::read_to_string(root.join("deploy/nginx.conf.template")).unwrap();
        for (name, value) in [
            ("AVA_RUN_DIR", run_dir.to_str().unwrap()),
            ("AVA_WEB_DIR", root.join("web/dist").to_str().unwrap()),
            ("AVA_EXTRA", places.extra.to_str().unwrap()),
            ("AVA_LISTEN", &address),
            ("AVA_BACKENDS", &backends.join(" ")),
            ("AVA_RESOLVER", "127.0.0.1"),
            ("AVA_TRUSTED_PROXY", places.trusted_proxy),
        ] {
            configuration = configuration.replace(&format!("${{{name}}}"), value);
        }
        let rest = configuration
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        assert!(!rest.collect::<String>().contains("${"), "{configuration}");
        let file = run_dir.join("nginx.conf");
        File::create(&file)
            .unwrap()
            .write_all(configuration.as_bytes())
            .unwrap();
        let user = Command::new("id").arg("-un").output().unwrap();
        let user = String::from_utf8(user.stdout).unwrap();
        let mut command = Command::new("nginx");
        command
            .env("PATH", path())
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(&run_dir);
        // Started by root, nginx would give its work to somebody who cannot read the checkout.
        command.args(["-g", &format!("daemon off; user {};", user.trim())]);
        command.args(["-e", "stderr"]);
        let mut process = Running::start("nginx", command, directory);
        process.listens(&address);
        Self { address, process }
    }
}

impl Drop for Nginx {
    /// Its workers would outlive a master that is killed.
    fn drop(&mut self) {
        self.process.end("TERM");
    }
}

/// Debian keeps servers where only root's PATH looks.
pub fn path() -> String {
    format!(
        "{}:/usr/sbin:/usr/local/sbin",
        std::env::var("PATH").unwrap_or_default()
    )
}

/// One `ava` process of the topology.
pub fn ava_role(directory: &Path, role: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = ava(directory, &[role]);
    command.envs(environment.iter().copied());
    command
}
