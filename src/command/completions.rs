//! `ava completions`: a script that completes commands in a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use crate::failure::Failure;

pub const HELP: &str = "\
Examples:
  ava completions bash > /etc/bash_completion.d/ava
  ava completions zsh > \"${fpath[1]}/_ava\"
  ava completions fish > ~/.config/fish/completions/ava.fish";

pub fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ava", &mut script);
    super::print(&String::from_utf8_lossy(&script))
}
