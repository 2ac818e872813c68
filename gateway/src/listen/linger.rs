//! How is a connection closed without losing its last answer?
//!
//! Closing a socket that holds unread bytes sends a TCP reset, which may overtake the answer: a client whose body was
//! too large would never read its 413. So after our end is closed, what still comes is thrown away for a moment
//! (RFC 9112 §9.6).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::limits::{LINGER_BYTES, LINGER_TIMEOUT};

/// A stream over a TCP socket.
pub(super) trait OverTcp: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&mut self) -> &mut TcpStream;
}

impl OverTcp for TcpStream {
    fn tcp(&mut self) -> &mut TcpStream {
        self
    }
}

impl OverTcp for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

/// A stream that lingers when it is shut down.
pub(super) struct Lingering<S> {
    stream: S,
    farewell: Option<Farewell>,
    ended: bool,
}

struct Farewell {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, farewell: None, ended: false }
    }
}

impl<S: OverTcp> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        self.ended |= result.is_err() || buffer.filled().len() == before;
        Poll::Ready(result)
    }
}

impl<S: OverTcp> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.farewell.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        if this.ended {
            return Poll::Ready(Ok(()));
        }
        let farewell = this.farewell.get_or_insert_with(|| Farewell {
            until: Box::pin(tokio::time::sleep(LINGER_TIMEOUT)),
            left: LINGER_BYTES,
        });
        let mut bin = [0_u8; 4096];
        while farewell.left > 0 && farewell.until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut bin);
            match ready!(Pin::new(this.stream.tcp()).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    farewell.left = farewell.left.saturating_sub(buffer.filled().len());
                }
                _ => break,
            }
        }
        this.ended = true;
        Poll::Ready(Ok(()))
    }
}
