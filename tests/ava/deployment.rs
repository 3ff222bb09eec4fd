//! The container files: they are what Docker reads, and name what exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Output},
};

use infrastructure::{
    limits::POOL_CONNECTIONS,
    settings::{Settings, VARIABLES},
};
use serde_json::Value;

fn file(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Checks files against the compose specification, with whichever Python has what that needs.
fn checked(files: &[&str]) -> Output {
    for python in ["python3", "/usr/bin/python3"] {
        let mut able = Command::new(python);
        able.args(["-c", "import jsonschema, yaml"]);
        if able.output().is_ok_and(|tried| tried.status.success()) {
            let mut check = Command::new(python);
            check
                .arg("deploy/check_compose.py")
                .args(files)
                .current_dir(env!("CARGO_MANIFEST_DIR"));
            return check.output().unwrap();
        }
    }
    panic!("`make tools` installs what this test needs: python3-yaml and python3-jsonschema");
}

/// The compose file as Docker reads it.
fn compose() -> Value {
    let checked = checked(&["docker-compose.yml"]);
    let complaints = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success(), "{complaints}");
    serde_json::from_slice(&checked.stdout).unwrap()
}

fn services(compose: &Value) -> BTreeMap<&str, &Value> {
    let services = compose["services"].as_object().unwrap().iter();
    services
        .map(|(name, service)| (name.as_str(), service))
        .collect()
}

#[test]
fn the_compose_files_follow_the_specification_and_a_mistake_would_be_found() {
    let both = checked(&["docker-compose.yml", "deploy/tls.compose.yml"]);
    let complaints = String::from_utf8_lossy(&both.stderr).into_owned();
    assert!(both.status.success(), "{complaints}");

    let directory = tempfile::tempdir().unwrap();
    let wrong = directory.path().join("wrong.yml");
    let mistaken =
        file("docker-compose.yml").replace("    restart: unless-stopped", "    restrat: 7");
    fs::write(&wrong, mistaken).unwrap();
    let refused = checked(&[wrong.to_str().unwrap()]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("restrat"));
}

#[test]
fn every_service_is_watched_limited_and_started_again() {
    let compose = compose();
    let services = services(&compose);
    assert_eq!(
        services.keys().copied().collect::<Vec<_>>(),
        [
            "backend",
            "logins",
            "migrate",
            "nginx",
            "postgres",
            "projector",
            "redis",
            "steward",
            "worker"
        ]
    );
    for (name, service) in services {
        assert!(service["pids_limit"].is_u64(), "{name}");
        let limits = &service["deploy"]["resources"]["limits"];
        assert!(
            limits["memory"].is_string() && limits["cpus"].is_string(),
            "{name}"
        );
        assert_eq!(
            service["security_opt"][0], "no-new-privileges:true",
            "{name}"
        );
        // One that runs once is neither watched nor started again.
        let once = ["logins", "migrate", "steward"].contains(&name);
        assert_eq!(service["healthcheck"]["test"].is_array(), !once, "{name}");
        let restart = if once { "no" } else { "unless-stopped" };
        assert_eq!(service["restart"], restart, "{name}");
    }
}

#[test]
fn only_nginx_is_reached_from_outside_and_the_data_reaches_nobody() {
    let compose = compose();
    for (name, service) in services(&compose) {
        assert_eq!(service["ports"].is_array(), name == "nginx", "{name}");
        let networks = service["networks"].as_array().unwrap();
        let apart = ["postgres", "redis", "projector", "migrate", "logins"].contains(&name);
        if apart {
            assert_eq!(networks, &["data"], "{name}");
        }
    }
    assert_eq!(compose["networks"]["data"]["internal"], true);
}

#[test]
fn no_secret_has_a_default() {
    let text = file("docker-compose.yml");
    let mut secrets = 0;
    for used in text.split("${").skip(1) {
        let (variable, _) = used.split_once('}').unwrap();
        let name: String = variable
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        if ["SECRET", "PASSWORD", "KEY", "TOKEN"]
            .iter()
            .any(|word| name.contains(word))
        {
            let asks = variable[name.len()..].strip_prefix(":?");
            assert!(
                asks.is_some_and(|what| what.starts_with(&format!("set {name} in .env - "))),
                "{variable}"
            );
            secrets += 1;
        }
    }
    assert!(secrets >= 8, "the compose file was not understood");
}

/// What APP_ENV=production refuses to start without is either named by the compose file, which says so before anything is
/// started, or one of two that exclude each other.
#[test]
fn what_production_needs_is_asked_for() {
    let look_up = |name: &str| (name == "APP_ENV").then(|| "production".to_owned());
    let refused = Settings::read_for(&look_up, false).unwrap_err();
    let needed: BTreeSet<&str> = refused
        .problems
        .iter()
        .filter_map(|problem| problem.split(' ').next())
        .collect();
    assert!(needed.len() >= 10, "{needed:?}");
    let compose = compose();
    // What all processes have, and what the API has besides.
    let asked = compose["services"]["backend"]["environment"]
        .as_object()
        .unwrap();
    // Which of these are needed, other settings say: they come with `env_file`, and a process that lacks one says so.
    let either = ["AUTH_JWT_SECRET", "REPLICATE_API_TOKEN", "STRIPE_PRICE_ID"];
    for name in needed {
        assert!(asked.contains_key(name) || either.contains(&name), "{name}");
    }
    for name in asked.keys().filter(|name| *name != "<<") {
        assert!(
            VARIABLES.iter().any(|variable| variable.name == name),
            "{name} is no variable of ours"
        );
    }
    assert_eq!(compose["x-ava"]["env_file"], ".env");
}

#[test]
fn the_image_is_made_of_what_is_there() {
    let dockerfile = file("Dockerfile");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut manifests = BTreeSet::new();
    for line in dockerfile.lines().filter(|line| line.starts_with("COPY ")) {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        if words[0].starts_with("--from") {
            continue;
        }
        for source in &words[..words.len() - 1] {
            assert!(root.join(source).exists(), "{line}");
            manifests.extend(source.strip_suffix("/Cargo.toml"));
        }
    }
    let workspace = file("Cargo.toml");
    let members = workspace.split("members = [").nth(1).unwrap();
    let members: BTreeSet<&str> = members
        .split(']')
        .next()
        .unwrap()
        .split('"')
        .skip(1)
        .step_by(2)
        .collect();
    assert_eq!(
        manifests, members,
        "a crate's manifest is missing in the layer of what others wrote"
    );
    let targets: BTreeSet<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM ")?.split(" AS ").nth(1))
        .collect();
    let compose = compose();
    for (name, service) in services(&compose) {
        if let Some(target) = service["build"]["target"].as_str() {
            assert!(targets.contains(target), "{name}");
        }
    }
    // The proxy and the program run as somebody who may do nothing else.
    assert!(dockerfile.contains("\nUSER ava\n") && dockerfile.contains("nginx-unprivileged"));
}

/// Whoever deploys or upgrades finds each of them in the instructions, and the service that takes the passwords up.
#[test]
fn what_the_compose_file_needs_beyond_our_variables_is_told_for_deploying_and_upgrading() {
    let (compose, operations) = (file("docker-compose.yml"), file("docs/OPERATIONS.md"));
    let section = |title: &str| {
        let section = operations.split(&format!("\n## {title}\n")).nth(1);
        section.unwrap().split("\n## ").next().unwrap()
    };
    let (deploy, upgrade) = (section("Deploy"), section("Upgrade"));
    let needed: BTreeSet<&str> = compose
        .split("${")
        .skip(1)
        .filter_map(|used| used.split_once(":?"))
        .map(|(name, _)| name)
        .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        .filter(|name| !VARIABLES.iter().any(|variable| variable.name == *name))
        .collect();
    assert!(needed.len() >= 6, "{needed:?}");
    for name in needed {
        let ending = name.strip_prefix("DATABASE_PASSWORD");
        let told = |text: &str| {
            text.contains(name)
                || ending.is_some_and(|ending| text.contains(&format!("`…{ending}`")))
        };
        assert!(told(deploy), "{name} is not told for a deployment");
        // What was always needed is there already.
        assert!(told(upgrade) || name == "REDIS_PASSWORD", "{name}");
    }
    let [migrate, logins, restarted] =
        ["run --rm migrate", "run --rm logins", "--no-deps"].map(|step| {
            upgrade
                .find(step)
                .unwrap_or_else(|| panic!("{step} is missing"))
        });
    assert!(migrate < logins && logins < restarted);
}

/// Cargo wants every target of a manifest to be there, and the image begins with manifests alone.
#[test]
fn what_others_wrote_can_be_built_from_the_manifests_alone() {
    let directory = tempfile::tempdir().unwrap();
    let dockerfile = file("Dockerfile");
    for line in dockerfile
        .lines()
        .filter(|line| line.contains("Cargo.toml") && line.starts_with("COPY "))
    {
        for source in line
            .split_whitespace()
            .filter(|word| word.contains("Cargo."))
        {
            let copy = directory.path().join(source);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::write(copy, file(source)).unwrap();
        }
    }
    // What stands in for others is there whole, since others are built on it.
    for line in dockerfile
        .lines()
        .filter(|line| line.starts_with("COPY patches/"))
    {
        let source = line.split_whitespace().nth(1).unwrap();
        for part in ["Cargo.toml", "src/lib.rs"] {
            let (source, copy) = (format!("{source}/{part}"), directory.path().join(source));
            fs::create_dir_all(copy.join("src")).unwrap();
            fs::write(copy.join(part), file(&source)).unwrap();
        }
    }
    let script = format!("{}/deploy/empty_crates.sh", env!("CARGO_MANIFEST_DIR"));
    let made = Command::new("sh")
        .arg(&script)
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let read = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--locked",
            "--offline",
            "--no-deps",
            "--format-version",
            "1",
        ])
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    let again = Command::new("sh")
        .arg(&script)
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(!again.status.success(), "it would overwrite a checkout");
}

/// A process opens so many connections at most in each of its pools.
const POOLS: u32 = 4;
/// Connections that PostgreSQL keeps for superusers, and what an operator, a backup or a standby needs.
const OTHERS: u32 = 20;

/// The number in `${NAME:-number}`, or the number itself.
fn number(value: &Value) -> u32 {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let digits = text.rsplit(":-").next().unwrap();
    digits.trim_end_matches('}').parse().unwrap()
}

#[test]
fn postgresql_takes_all_the_connections_that_the_processes_may_open() {
    let compose = compose();
    let services = services(&compose);
    let processes: u32 = ["backend", "worker", "projector"]
        .iter()
        .map(|name| match &services[name]["deploy"]["replicas"] {
            Value::Null => 1,
            replicas => number(replicas),
        })
        .sum();
    // During an upgrade a new one stands beside the old one.
    let needed = (processes + 1) * POOLS * POOL_CONNECTIONS + OTHERS;
    let taken = services["postgres"]["command"].as_array().unwrap();
    let taken = taken
        .iter()
        .find_map(|one| one.as_str()?.strip_prefix("max_connections="));
    let taken = number(&taken.unwrap().into());
    assert!(taken >= needed, "{taken} of {needed} connections");
    let operations = file("docs/OPERATIONS.md");
    let told = format!("a process opens up to {}", POOLS * POOL_CONNECTIONS);
    assert!(operations.contains(&told), "{told}");
}

/// Each process logs in as a user of its own; who may change the database's shape serves nobody.
#[test]
fn each_process_has_its_own_user_of_the_database() {
    let compose = compose();
    let script = file("deploy/logins.sh");
    for (service, user, roles) in [
        ("backend", "api", "ava_api, ava_steward"),
        ("worker", "worker", "ava_worker"),
        ("projector", "projector", "ava_projector"),
        (
            "steward",
            "steward",
            "ava_steward, ava_projector, ava_worker",
        ),
        ("migrate", "ava", ""),
    ] {
        let url = compose["services"][service]["environment"]["DATABASE_URL"].as_str();
        let begins = format!("postgres://{user}:${{");
        assert!(url.unwrap().starts_with(&begins), "{service}: {url:?}");
        if !roles.is_empty() {
            let grant = format!("GRANT {roles} TO {user};");
            assert!(script.contains(&grant), "{grant}");
        }
    }
    let made = &compose["services"]["logins"]["environment"];
    for user in ["API", "WORKER", "PROJECTOR", "STEWARD"] {
        let name = format!("DATABASE_PASSWORD_{user}");
        assert!(made[&name].is_string() && script.contains(&name), "{name}");
    }
}
