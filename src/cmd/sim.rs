//! `llmbench sim`: the simulated server in the foreground, until it is told to stop.

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::args::config::ConfigArgs;
use crate::error::{Error, Exit, Result};
use crate::sim::{Sim, SimArgs};
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
        let stop = signals().map_err(|error| Error::new(format!("cannot wait for signals: {error}")))?;
        let mut stdout = std::io::stdout();
        say(&mut stdout, &format!("listening on http://{}", sim.address()))?;
        let stats = sim.run(stop)?;
        say(&mut stdout, &stats.to_string())?;
        Ok(Exit::Done)
    }
}

/// A descriptor that becomes readable when the process is told to stop.
fn signals() -> nix::Result<SignalFd> {
    let stops = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
    stops.thread_block()?;
    SignalFd::with_flags(&stops, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}
