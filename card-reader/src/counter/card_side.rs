//! What does the thread that speaks with the card do during one act, and while the card stays?
//!
//! A conversation borrows its transport and every exchange blocks, while the requests between its parts are
//! asynchronous. So the conversation stays on one blocking thread from PACE to the last answer and is asked over channels; when the
//! act is given up, its channel closes and the thread lets go of the card.

use tokio::sync::{mpsc, oneshot};
use tokio::task;

use super::error::CounterError;
use crate::apdu::{CommandApdu, ResponseApdu};
use crate::can::Can;
use crate::conversation::Conversation;
use crate::error::CardError;
use crate::holder::{Pin, PinState};
use crate::profile::CardProfile;
use crate::transcript::CardTranscript;
use crate::transport::CardTransport;

/// The asking end of a conversation with one card.
pub(super) struct CardSide {
    requests: mpsc::Sender<Request>,
}

enum Request {
    Read(oneshot::Sender<Result<CardTranscript, CardError>>),
    Run(Vec<CommandApdu>, oneshot::Sender<Result<(Vec<ResponseApdu>, u32), CardError>>),
    Holder(oneshot::Sender<Result<PinState, CardError>>),
    RunWithPin(Vec<CommandApdu>, Pin, oneshot::Sender<Result<WithPin, CardError>>),
}

/// What came of commands with the PIN among them.
pub(super) struct WithPin {
    pub(super) responses: Vec<ResponseApdu>,
    /// What the card said of the PIN, if it did not take it.
    pub(super) refused: Option<CardError>,
    /// Commands that the whole conversation took.
    pub(super) apdus: u32,
}

impl CardSide {
    /// Opens the card with its CAN.
    pub(super) async fn open(
        mut transport: Box<dyn CardTransport + Send>,
        can: Can,
        profile: CardProfile,
    ) -> Result<CardSide, CounterError> {
        let (requests, mut inbox) = mpsc::channel(1);
        let (opened, ready) = oneshot::channel();
        task::spawn_blocking(move || {
            let mut conversation = match Conversation::open(transport.as_mut(), &can, profile) {
                Ok(conversation) => conversation,
                Err(error) => {
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            drop(can);
            if opened.send(Ok(())).is_err() {
                return;
            }
            while let Some(request) = inbox.blocking_recv() {
                match request {
                    Request::Read(answer) => {
                        let _ = answer.send(conversation.read_transcript());
                    }
                    Request::Run(commands, answer) => {
                        let outcome = conversation.run(&commands);
                        let _ = answer.send(outcome.map(|responses| (responses, conversation.exchanges())));
                    }
                    Request::Holder(answer) => {
                        let found = conversation.renew().and_then(|()| conversation.holder_application());
                        let _ = answer.send(found);
                    }
                    Request::RunWithPin(commands, pin, answer) => {
                        let outcome = conversation.run_with_pin(&commands, &pin);
                        // Before anybody waits for the gateway.
                        drop(pin);
                        let _ = answer.send(outcome.map(|responses| WithPin {
                            refused: conversation.pin_refused(&commands, &responses),
                            apdus: conversation.exchanges(),
                            responses,
                        }));
                    }
                }
            }
        });
        ready.await.map_err(|_| CounterError::Interrupted)??;
        Ok(CardSide { requests })
    }

    /// Reads the files that the gateway needs.
    pub(super) async fn read(&mut self) -> Result<CardTranscript, CounterError> {
        self.ask(Request::Read).await
    }

    /// Runs the gateway's commands; also says how many commands the whole conversation took.
    pub(super) async fn run(
        &mut self,
        commands: Vec<CommandApdu>,
    ) -> Result<(Vec<ResponseApdu>, u32), CounterError> {
        self.ask(|answer| Request::Run(commands, answer)).await
    }

    /// Opens a fresh channel and asks the card how many tries of the PIN are left.
    pub(super) async fn holder(&mut self) -> Result<PinState, CounterError> {
        self.ask(Request::Holder).await
    }

    /// Runs the gateway's commands with the PIN where they ask for it.
    pub(super) async fn run_with_pin(
        &mut self,
        commands: Vec<CommandApdu>,
        pin: Pin,
    ) -> Result<WithPin, CounterError> {
        self.ask(|answer| Request::RunWithPin(commands, pin, answer)).await
    }

    async fn ask<T>(
        &mut self,
        request: impl FnOnce(oneshot::Sender<Result<T, CardError>>) -> Request,
    ) -> Result<T, CounterError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).await.map_err(|_| CounterError::Interrupted)?;
        Ok(answered.await.map_err(|_| CounterError::Interrupted)??)
    }
}
