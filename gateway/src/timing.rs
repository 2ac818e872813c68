//! Where did the time of one answer go? (W3C Server Timing)
//!
//! Told to the counter that waited, whose vendor wants to know, and shown by the demonstration.

use std::fmt::Write;
use std::time::{Duration, Instant};

use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// The parts of one flow and what each took (chronométrage).
#[derive(Debug)]
pub(crate) struct Timing {
    lap: Instant,
    parts: Vec<(&'static str, Duration)>,
}

impl Timing {
    pub(crate) fn start() -> Self {
        Self { lap: Instant::now(), parts: Vec::with_capacity(6) }
    }

    /// What passed since the last lap belongs to `part`.
    pub(crate) fn lap(&mut self, part: &'static str) {
        let now = Instant::now();
        self.parts.push((part, now.duration_since(self.lap)));
        self.lap = now;
    }

    /// Puts `Server-Timing` on the answer.
    pub(crate) fn on(&self, mut response: Response) -> Response {
        let mut text = String::new();
        for (part, took) in &self.parts {
            let comma = if text.is_empty() { "" } else { ", " };
            // Writing to a String does not fail.
            let _ = write!(text, "{comma}{part};dur={:.3}", took.as_secs_f64() * 1_000.0);
        }
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(HeaderName::from_static("server-timing"), value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_in_the_header() {
        let mut timing = Timing::start();
        timing.lap("chip");
        timing.lap("patient");
        let response = timing.on(Response::default());
        let header = response.headers().get("server-timing").unwrap().to_str().unwrap();
        assert!(header.starts_with("chip;dur=0.") && header.contains(", patient;dur=0."), "{header}");
    }
}
