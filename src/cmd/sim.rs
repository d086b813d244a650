//! `llmbench sim`: the simulated server in the foreground, until it is told to stop.

use std::thread;

use nix::sys::signal::{SigSet, Signal};

use crate::args::config::ConfigArgs;
use crate::error::{Error, Exit, Result};
use crate::sim::{self, Line, Sim, SimArgs};
use crate::ui::out::say;

/// The flags of `sim`.
#[derive(Debug, clap::Args)]
pub(super) struct SimCommand {
    #[command(flatten)]
    sim: SimArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

impl SimCommand {
    /// Says where it listens, serves until SIGINT or SIGTERM, and prints its account as a line of JSON.
    ///
    /// # Errors
    /// When the address cannot be bound, or the system refuses what the loop needs.
    pub(super) fn run(&self) -> Result<Exit> {
        let sim = Sim::bind(self.sim.resolve()?)?;
        let (line, ear) = sim::line()?;
        stop_at_signals(line)?;
        let mut stdout = std::io::stdout();
        say(&mut stdout, &format!("listening on http://{}", sim.address()))?;
        let stats = sim.run(ear)?;
        say(&mut stdout, &stats.to_string())?;
        Ok(Exit::Done)
    }
}

/// Tells the simulator to stop when the process is told to.
fn stop_at_signals(line: Line) -> Result<()> {
    let cannot = |cause: &dyn std::fmt::Display| Error::new(format!("cannot wait for signals: {cause}"));
    let stops = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
    // Before the thread starts, which inherits what is blocked.
    stops.thread_block().map_err(|cause| cannot(&cause))?;
    let wait = move || {
        if stops.wait().is_ok() {
            line.stop();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map_err(|cause| cannot(&cause))?;
    Ok(())
}
