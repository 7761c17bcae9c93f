package soak

import (
	"context"
	"net"
	"sync"
	"time"
)

// mode is how a proxy treats its connections.
type mode int

const (
	pass mode = iota
	cut       // closes every connection
	hung      // forwards nothing, and keeps connections open
	slow      // forwards one chunk each slowEvery
)

const (
	slowEvery  = 20 * time.Millisecond
	chunkBytes = 4096
)

// proxy is a TCP proxy between the exporter and a gateway's admin endpoint.
type proxy struct {
	listener net.Listener
	mu       sync.Mutex
	changed  *sync.Cond // of mode or isClosed
	backend  string
	mode     mode
	isClosed bool
	open     map[net.Conn]bool
}

// startProxy listens on a free port of 127.0.0.1.
func startProxy(backend string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, backend: backend, open: map[net.Conn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	go p.accept()
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// set changes the mode for all connections.
func (p *proxy) set(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = m
	if m == cut {
		p.closeAll()
	}
	p.changed.Broadcast()
}

// lead makes new connections go to another backend. Open ones stay.
func (p *proxy) lead(backend string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backend = backend
}

func (p *proxy) stop() error {
	p.mu.Lock()
	p.isClosed = true
	p.closeAll()
	p.changed.Broadcast()
	p.mu.Unlock()
	return p.listener.Close()
}

// closeAll closes the connections; mu must be locked.
func (p *proxy) closeAll() {
	for connection := range p.open {
		_ = connection.Close() // its copy loop ends
	}
}

func (p *proxy) accept() {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return // stopped
		}
		go p.connect(from)
	}
}

// connect forwards one connection until either side closes it.
func (p *proxy) connect(from net.Conn) {
	defer from.Close()
	p.mu.Lock()
	backend, isCut := p.backend, p.mode == cut
	p.mu.Unlock()
	if isCut {
		return
	}
	to, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer to.Close()
	p.track(from, to)
	defer p.untrack(from, to)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { p.copy(to, from); cancel() }()
	go func() { p.copy(from, to); cancel() }()
	<-ctx.Done()
}

func (p *proxy) track(connections ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, connection := range connections {
		p.open[connection] = true
	}
}

func (p *proxy) untrack(connections ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, connection := range connections {
		delete(p.open, connection)
	}
}

// copy forwards one direction until an error.
func (p *proxy) copy(to, from net.Conn) {
	buffer := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buffer)
		if err != nil || !p.permit() {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// permit waits as the mode demands. It returns false after stop.
func (p *proxy) permit() bool {
	p.mu.Lock()
	for p.mode == hung && !p.isClosed {
		p.changed.Wait()
	}
	isSlow, isClosed := p.mode == slow, p.isClosed
	p.mu.Unlock()
	if isSlow {
		time.Sleep(slowEvery)
	}
	return !isClosed
}
