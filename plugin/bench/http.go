package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

// The client and the model server implement only the parts of HTTP/1.1 they
// need, to cost little beside Envoy: keep-alive, and bodies with a
// content-length.

// An upstream is a model server that sends its replies in turn.
type upstream struct {
	listener net.Listener
	replies  [][]byte
	next     atomic.Uint64
}

func startUpstream(bodies [][]byte) (*upstream, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &upstream{listener: listener}
	for _, body := range bodies {
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n", len(body))
		u.replies = append(u.replies, append([]byte(head), body...))
	}
	go u.accept()
	return u, nil
}

func (u *upstream) port() int { return u.listener.Addr().(*net.TCPAddr).Port }

// accept returns when the listener is closed.
func (u *upstream) accept() {
	for {
		connection, err := u.listener.Accept()
		if err != nil {
			return
		}
		go u.serve(connection)
	}
}

// serve returns when Envoy closes the connection.
func (u *upstream) serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 64<<10)
	for {
		if _, err := readMessage(reader); err != nil {
			return
		}
		reply := u.replies[u.next.Add(1)%uint64(len(u.replies))]
		if _, err := connection.Write(reply); err != nil {
			return
		}
	}
}

const request = "POST /v1/models/bert-emotion-model:predict HTTP/1.1\r\n" +
	"host: bert-model.default.example.com\r\nuser-agent: curl/8.7.1\r\naccept: */*\r\n" +
	"content-type: application/json\r\ncontent-length: 51\r\n\r\n" +
	`{"input": "The sky is blue and the sun is shining"}`

// A client keeps connections to a gateway open.
type client struct{ connections []*bufio.ReadWriter }

func dial(address string, connections int) (*client, error) {
	c := &client{}
	for range connections {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		c.connections = append(c.connections,
			bufio.NewReadWriter(bufio.NewReaderSize(connection, 64<<10), bufio.NewWriter(connection)))
	}
	return c, nil
}

// drive sends n requests and reads their replies. Each connection has one
// request in flight.
func (c *client) drive(n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	errs := make([]error, len(c.connections))
	var all sync.WaitGroup
	for i, connection := range c.connections {
		all.Go(func() {
			for errs[i] == nil && left.Add(-1) >= 0 {
				errs[i] = exchange(connection)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func exchange(connection *bufio.ReadWriter) error {
	if _, err := connection.WriteString(request); err != nil {
		return err
	}
	if err := connection.Flush(); err != nil {
		return err
	}
	isOK, err := readMessage(connection.Reader)
	if err == nil && !isOK {
		err = errors.New("the gateway replied with another status than 200")
	}
	return err
}

// readMessage reads a request or a reply to the end, and reports whether the
// message is a reply with status 200.
func readMessage(reader *bufio.Reader) (isOK bool, err error) {
	line, err := reader.ReadSlice('\n')
	isOK = bytes.HasPrefix(line, []byte("HTTP/1.1 200"))
	length := 0
	for err == nil && len(line) > len("\r\n") {
		if line, err = reader.ReadSlice('\n'); err != nil {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("content-length: ")); ok {
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	if err == nil {
		_, err = reader.Discard(length)
	}
	return isOK, err
}
