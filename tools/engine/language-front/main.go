// Command language-front is the language host of Python, Node.js or Go for
// machines that cannot download the published one. Which of them it is, its
// file's name says; the old host is in "legacy" beside it.
//
// Pulumi moved its language hosts out of the Go modules in 2023; the last one
// the module proxy serves (sdk v3.68.0) predates parts of the protocol that a
// current engine speaks. This program stands between the two: it translates
// the calls that changed and passes all others on, byte for byte.
//
//   - Programs and plugins run in the virtual environment that the project
//     names under runtime.options.virtualenv, which the old host ignores.
//   - RunPlugin carries the plugin's folder in `info`; the old host reads the
//     retired field `program`. And it gets PYTHONUNBUFFERED: a policy pack prints
//     its port without a flush, since pulumi-analyzer-policy-python, in which
//     Pulumi starts one, runs `python -u`.
//   - InstallDependencies of Python is answered here: the old host would turn
//     the project's own folder into a virtual environment.
//   - GetRequiredPlugins of Go leaves out pulumi-cloud-sdk: the old host takes
//     every module of that kind of name for a provider.
//   - GeneratePackage and Link, with which a package of components is added to a
//     program, are answered here: the old host has neither.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// maxMessageBytes is the engine's own limit for a message (400 MiB).
const maxMessageBytes = 400 << 20

func main() {
	hosts := &oldHosts{byVirtualenv: map[string]*grpc.ClientConn{}}
	if err := serve(hosts); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-%s: %v\n", language(), err)
		os.Exit(1)
	}
}

func serve(hosts *oldHosts) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(
		grpc.ForceServerCodec(rawCodec{}),
		grpc.UnknownServiceHandler(hosts.handle),
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.MaxSendMsgSize(maxMessageBytes),
	)
	// The engine reads the port from the first line of standard output.
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// oldHosts holds one old language host per virtual environment, because the
// old host takes its interpreter from its own environment and nothing else.
type oldHosts struct {
	mu           sync.Mutex
	byVirtualenv map[string]*grpc.ClientConn
}

func (h *oldHosts) handle(_ any, engine grpc.ServerStream) error {
	fullMethod, _ := grpc.MethodFromServerStream(engine)
	request := &rawMessage{}
	if err := engine.RecvMsg(request); err != nil {
		return err
	}
	method := filepath.Base(fullMethod)
	switch {
	case method == "InstallDependencies" && language() == "python":
		return nil // an empty stream: nothing to print, nothing failed
	case method == "GeneratePackage":
		return answer(engine, &pulumirpc.GeneratePackageResponse{}, generatePackage(request.bytes))
	case method == "Link":
		instructions, err := link(request.bytes)
		return answer(engine, &pulumirpc.LinkResponse{ImportInstructions: instructions}, err)
	}
	virtualenv, err := translate(method, request)
	if err != nil {
		return err
	}
	host, err := h.get(virtualenv)
	if err != nil {
		return err
	}
	return forward(host, fullMethod, request, engine)
}

// translate rewrites the request where the protocol changed and returns the
// virtual environment it asks for ("" when it names none).
func translate(method string, request *rawMessage) (string, error) {
	var typed interface {
		proto.Message
		GetInfo() *pulumirpc.ProgramInfo
	}
	switch method {
	case "Run":
		typed = &pulumirpc.RunRequest{}
	case "RunPlugin":
		typed = &pulumirpc.RunPluginRequest{}
	case "GetRequiredPlugins":
		typed = &pulumirpc.GetRequiredPluginsRequest{}
	case "GetProgramDependencies":
		typed = &pulumirpc.GetProgramDependenciesRequest{}
	default:
		return "", nil
	}
	if err := proto.Unmarshal(request.bytes, typed); err != nil {
		return "", err
	}
	info := typed.GetInfo()
	if info == nil {
		return "", nil
	}
	if plugin, ok := typed.(*pulumirpc.RunPluginRequest); ok {
		plugin.Program = filepath.Join(info.ProgramDirectory, info.EntryPoint) //nolint:staticcheck // the old host reads it
		plugin.Env = append(plugin.Env, "PYTHONUNBUFFERED=1")
		encoded, err := proto.Marshal(plugin)
		if err != nil {
			return "", err
		}
		request.bytes = encoded
	}
	virtualenv := info.GetOptions().GetFields()["virtualenv"].GetStringValue()
	if virtualenv != "" && !filepath.IsAbs(virtualenv) {
		virtualenv = filepath.Join(info.RootDirectory, virtualenv)
	}
	return virtualenv, nil
}

func forward(host *grpc.ClientConn, fullMethod string, request *rawMessage, engine grpc.ServerStream) error {
	ctx, cancel := context.WithCancel(engine.Context())
	defer cancel()
	if headers, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, headers)
	}
	stream, err := host.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, fullMethod)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(request); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		response := &rawMessage{}
		switch err := stream.RecvMsg(response); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			if s, ok := status.FromError(err); ok {
				return s.Err()
			}
			return status.Error(codes.Internal, err.Error())
		}
		if err := withoutLibraries(fullMethod, response); err != nil {
			return err
		}
		if err := engine.SendMsg(response); err != nil {
			return err
		}
	}
}

// get starts the old host for a virtual environment once and connects to it.
func (h *oldHosts) get(virtualenv string) (*grpc.ClientConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if connection := h.byVirtualenv[virtualenv]; connection != nil {
		return connection, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(filepath.Join(filepath.Dir(self), "legacy", filepath.Base(self)), os.Args[1:]...)
	command.Stderr = os.Stderr
	if virtualenv != "" {
		command.Env = append(os.Environ(),
			"VIRTUAL_ENV="+virtualenv,
			"PATH="+filepath.Join(virtualenv, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stdout)
	port, err := lines.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the old language host printed no port: %w", errors.Join(err, command.Wait()))
	}
	go func() { _, _ = io.Copy(os.Stdout, lines) }()
	connection, err := grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(
			grpc.ForceCodec(rawCodec{}),
			grpc.MaxCallRecvMsgSize(maxMessageBytes),
			grpc.MaxCallSendMsgSize(maxMessageBytes)))
	if err != nil {
		return nil, err
	}
	h.byVirtualenv[virtualenv] = connection
	return connection, nil
}

// rawMessage is a gRPC message that is passed on without being decoded.
type rawMessage struct{ bytes []byte }

type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) ([]byte, error) {
	raw, ok := message.(*rawMessage)
	if !ok {
		return nil, fmt.Errorf("unexpected message type %T", message)
	}
	return raw.bytes, nil
}

func (rawCodec) Unmarshal(data []byte, message any) error {
	raw, ok := message.(*rawMessage)
	if !ok {
		return fmt.Errorf("unexpected message type %T", message)
	}
	raw.bytes = append([]byte(nil), data...)
	return nil
}

// withoutLibraries takes a module that is no provider off the list of plugins.
func withoutLibraries(fullMethod string, response *rawMessage) error {
	if filepath.Base(fullMethod) != "GetRequiredPlugins" {
		return nil
	}
	typed := &pulumirpc.GetRequiredPluginsResponse{}
	if err := proto.Unmarshal(response.bytes, typed); err != nil {
		return err
	}
	typed.Plugins = slices.DeleteFunc(typed.Plugins, func(plugin *pulumirpc.PluginDependency) bool {
		return plugin.Name == "cloud-sdk"
	})
	encoded, err := proto.Marshal(typed)
	response.bytes = encoded
	return err
}
