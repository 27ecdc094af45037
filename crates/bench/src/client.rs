//! A client of HTTP/1.1 that is as small as it can be: one connection, one request at a time, blocking. It must cost little beside
//! the servers it measures, and needs no more than they answer with.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// A connection that is kept.
pub struct Client {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
    token: Option<String>,
}

/// The beginning of an answer.
struct Head {
    status: u16,
    length: u64,
    location: String,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub location: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body, which must be JSON, of an answer that must be good.
    pub fn json(&self) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            let body = String::from_utf8_lossy(&self.body);
            bail!("the server answered {}: {body}", self.status);
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Client {
    /// Connects.
    pub fn connect(host: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 << 10, stream),
            host,
            token: None,
        })
    }

    /// Signs in with a password.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Result<()> {
        let client = self.get("/api/v1/oauth-clients/local")?.json()?;
        let text = |key: &str| client[key].as_str().unwrap_or_default().to_owned();
        let form = format!(
            "client_id={}&client_secret={}&grant_type=password&username={name}&password={password}",
            text("client_id"),
            text("client_secret")
        );
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        let tokens = self
            .send("POST", "/api/v1/users/token", kind, form.as_bytes())?
            .json()?;
        let token = tokens["access_token"].as_str().context("no token came")?;
        self.token = Some(token.to_owned());
        Ok(())
    }

    /// Asks for a path.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, "", &[])
    }

    /// Sends a request and waits for the answer. Headers end in CR LF each.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        self.begin(method, path, headers, body.len())?;
        self.stream.get_mut().write_all(body)?;
        self.answer()
    }

    /// Sends the head of a request alone.
    pub fn begin(&mut self, method: &str, path: &str, headers: &str, length: usize) -> Result<()> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}",
            self.host
        );
        if let Some(token) = &self.token {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        if length > 0 || method != "GET" {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head.push_str("\r\n");
        Ok(self.stream.get_mut().write_all(head.as_bytes())?)
    }

    /// Sends a part of a body.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(bytes)?)
    }

    /// Reads the answer to what was sent.
    pub fn answer(&mut self) -> Result<Answer> {
        let head = self.head()?;
        let mut body = vec![0; usize::try_from(head.length)?];
        self.stream.read_exact(&mut body)?;
        Ok(Answer {
            status: head.status,
            location: head.location,
            body,
        })
    }

    /// Asks for a file, or a range of it, and forgets the bytes; how many there were.
    pub fn drain(&mut self, path: &str, headers: &str, buffer: &mut [u8]) -> Result<u64> {
        self.begin("GET", path, headers, 0)?;
        let head = self.head()?;
        if !matches!(head.status, 200 | 206) {
            bail!("the server answered {} for {path}", head.status);
        }
        let mut left = head.length - (self.stream.buffer().len() as u64).min(head.length);
        self.stream.consume(self.stream.buffer().len());
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left)?);
            let read = self.stream.get_mut().read(&mut buffer[..wanted])?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            left -= read as u64;
        }
        Ok(head.length)
    }

    fn head(&mut self) -> Result<Head> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut head = Head {
            status: status.with_context(|| format!("this is no answer: {line:?}"))?,
            length: 0,
            location: String::new(),
        };
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                return Ok(head);
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.trim().parse()?,
                "location" => head.location = value.trim().to_owned(),
                "transfer-encoding" => bail!("an answer without a length is not read here"),
                _ => {}
            }
        }
    }
}
