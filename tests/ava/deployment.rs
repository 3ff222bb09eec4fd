//! The container files: they name what exists.

use std::fs;

use infrastructure::settings::VARIABLES;

fn file(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The services of the compose file, each with its lines.
fn services(compose: &str) -> Vec<(String, String)> {
    let mut services: Vec<(String, String)> = Vec::new();
    let body = compose
        .split("\nservices:\n")
        .nth(1)
        .unwrap()
        .split("\nvolumes:\n")
        .next()
        .unwrap();
    for line in body.lines() {
        let name = line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
            .and_then(|rest| rest.strip_suffix(':'));
        match (name, services.last_mut()) {
            (Some(name), _) => services.push((name.to_owned(), String::new())),
            (None, Some((_, lines))) => lines.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    services
}

#[test]
fn every_service_says_whether_it_is_well() {
    let compose = file("docker-compose.yml");
    let services = services(&compose);
    let names: Vec<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "nginx",
            "backend",
            "worker",
            "projector",
            "migrate",
            "postgres",
            "redis"
        ]
    );
    for (name, lines) in services.iter().filter(|(name, _)| name != "migrate") {
        assert!(lines.contains("healthcheck:"), "{name} has no health check");
    }
}

#[test]
fn the_containers_are_configured_with_variables_that_exist() {
    let compose = file("docker-compose.yml");
    let environment = compose.split("environment: &environment\n").nth(1).unwrap();
    let names = environment
        .lines()
        .map_while(|line| line.strip_prefix("    "))
        .map_while(|line| line.split_once(':'));
    let mut seen = 0;
    for (name, _) in names {
        assert!(
            VARIABLES.iter().any(|(known, _)| *known == name),
            "{name} is no variable of ours"
        );
        seen += 1;
    }
    assert!(seen >= 4, "the compose file was not understood");
}

#[test]
fn nginx_passes_updates_on_at_once() {
    let nginx = file("deploy/nginx.conf");
    let updates = nginx
        .split("location = /updates {")
        .nth(1)
        .unwrap()
        .split('}')
        .next()
        .unwrap();
    assert!(updates.contains("proxy_buffering off;"));
    assert!(nginx.contains("server backend:8080;"));
}
