// Package server runs the HTTP and the gRPC server from start to end.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

// Options configure a server.
type Options struct {
	HTTP, GRPC net.Listener // GRPC may be nil
	Handler    http.Handler
	Register   func(*grpc.Server)
	Codec      encoding.CodecV2 // of gRPC messages
	TLS        *Certificate     // may be nil
	Drain      time.Duration    // the ports stay open for new calls after the signal
	Grace      time.Duration    // calls in flight may then take this long
	MaxBody    int              // bytes of a gRPC message
	Log        *slog.Logger
}

// Server is a running server.
type Server struct {
	options Options
	http    *http.Server
	grpc    *grpc.Server
	health  *health.Server
	failed  chan error
}

// Start begins to accept calls.
func Start(options Options) *Server {
	s := &Server{options: options, failed: make(chan error, 2)}
	s.http = &http.Server{
		Handler:           options.Handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second, // bodies that no handler reads; package body sets its own deadline
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(options.Log.Handler(), slog.LevelDebug), // TLS handshakes of port scans
	}
	go func() { s.failed <- s.serveHTTP() }()
	if options.GRPC != nil {
		s.startGRPC()
	}
	return s
}

func (s *Server) serveHTTP() error {
	if s.options.TLS == nil {
		return s.http.Serve(s.options.HTTP)
	}
	s.http.TLSConfig = s.options.TLS.Config()
	return s.http.ServeTLS(s.options.HTTP, "", "")
}

func (s *Server) startGRPC() {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(s.options.MaxBody),
		grpc.ForceServerCodecV2(s.options.Codec),
		grpc.MaxConcurrentStreams(256),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 5 * time.Minute, Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	if s.options.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.options.TLS.Config())))
	}
	s.grpc, s.health = grpc.NewServer(options...), health.NewServer()
	s.health.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(s.grpc, s.health)
	s.options.Register(s.grpc)
	reflection.Register(s.grpc)
	go func() { s.failed <- s.grpc.Serve(s.options.GRPC) }()
}

// Ready tells gRPC's health service that the models answer.
func (s *Server) Ready() {
	if s.health != nil {
		s.health.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
		s.health.SetServingStatus("inference.GRPCInferenceService", healthpb.HealthCheckResponse_SERVING)
	}
}

// Failed gives the error of a server that ended by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends the server. The ports stay open for the drain delay, because the routers of a cluster still send new calls.
// Then calls in flight may end within the grace time.
func (s *Server) Stop(now <-chan os.Signal) error {
	if s.health != nil {
		s.health.Shutdown()
	}
	s.options.Log.Info("stopping", "drain_delay", s.options.Drain, "grace", s.options.Grace)
	select {
	case <-time.After(s.options.Drain):
	case <-now:
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Grace)
	defer cancel()
	var ended sync.WaitGroup
	if s.grpc != nil {
		ended.Go(func() { s.stopGRPC(ctx) })
	}
	err := s.http.Shutdown(ctx)
	ended.Wait()
	if err != nil {
		return fmt.Errorf("requests were still in flight %s after the signal: %w", s.options.Drain+s.options.Grace, err)
	}
	return nil
}

func (s *Server) stopGRPC(ctx context.Context) {
	ended := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		s.grpc.Stop()
		<-ended
	}
}
